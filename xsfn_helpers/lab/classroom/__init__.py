"""One sandbox for a room full of people: a pair of accounts for each, a page for the instructor.

The instructor's machine runs `xsfn room serve`; everybody else joins with its address and a code, and goes on in the
notebooks as before, now in accounts of the room.
"""

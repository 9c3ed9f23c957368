"""What people see: diagram, reports, annotated policies, timeline, progress.

Everything here reads what the other rooms return, is imported lazily, and has a complete text form besides the
picture: for terminals, screen readers and the notebook tests.
"""

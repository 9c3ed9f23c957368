"""The sandbox's process: started, told what to do, stopped, and found again."""

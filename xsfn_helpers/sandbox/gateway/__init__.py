"""Who calls, what they ask for, and whether IAM allows it."""

"""What every room may use. No AWS, no lesson."""

"""What every room may use: names that AWS takes, JSON with places, the state folder. No AWS call, no lesson."""

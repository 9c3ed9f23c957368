"""What every room may use: errors, languages, names that AWS takes, JSON with places. No AWS call, no lesson."""

"""What every room may use: errors, languages, ARNs, JSON with places. No AWS, no lesson."""

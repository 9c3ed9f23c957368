"""What guests bring along, run where it can be ended, and each account's share of what there is."""

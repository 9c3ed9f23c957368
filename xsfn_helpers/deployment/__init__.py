"""The set-up in the two accounts: built, checked, run and broken."""

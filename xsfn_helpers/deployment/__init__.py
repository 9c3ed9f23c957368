"""The setup in the two accounts: built, checked, run and broken."""

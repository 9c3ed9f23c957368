"""The set-up in the accounts: built, checked, run, broken, diagnosed, exported."""

"""Whether the set-up works: decided from what is stored, and tried live."""

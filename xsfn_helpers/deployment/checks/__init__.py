"""Whether the setup works: decided from what is stored, and tried live."""

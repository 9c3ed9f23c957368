"""What a diagnosis looks at: read from the accounts, or from exported files."""

"""The decision engine beside an independent one: same questions, and every difference must have a documented reason."""

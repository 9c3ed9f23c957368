"""What the set-up is made of: each can be made, read, compared and taken away."""

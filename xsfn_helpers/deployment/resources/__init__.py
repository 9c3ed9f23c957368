"""What the setup is made of: each can be made, read, compared and taken away."""

"""What tests of every room use: apart from the reader's own things, quiet where something is timed."""

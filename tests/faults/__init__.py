"""What falls while people talk, and what they must not notice."""

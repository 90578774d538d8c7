"""What to run, running it, and keeping the result."""

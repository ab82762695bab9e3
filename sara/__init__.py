"""sara."""

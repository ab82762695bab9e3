"""What the methods in space and time share: steps, patterns, drift."""

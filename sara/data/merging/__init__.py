"""Reports and exports that tell of the same event."""

"""Times however written, to local wall time."""

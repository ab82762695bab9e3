"""What `accuracy`, `compare` and `persistence` are made of: ranking, curves, contests."""

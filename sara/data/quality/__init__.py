"""What the audit looks for."""

"""From publishers' types to categories, and who started the call."""

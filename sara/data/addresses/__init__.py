"""Addresses as written, to places."""

"""What `clusters` is made of: methods, outlines, the table."""

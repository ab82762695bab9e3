"""What `hot_places` is made of: units, nesting, times of the week, the table."""

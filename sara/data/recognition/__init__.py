"""What a published column, table or system of coordinates is, and how sure that is."""

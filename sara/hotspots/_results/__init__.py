"""What each method answers with."""

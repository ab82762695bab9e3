"""What each question about time answers with."""

"""Numbers that more than one stage needs: arrays in, small records out."""

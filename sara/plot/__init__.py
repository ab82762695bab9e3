"""Figures, drawn from frames only."""

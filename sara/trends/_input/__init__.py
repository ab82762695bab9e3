"""From events, a series or bare numbers to counts per period."""

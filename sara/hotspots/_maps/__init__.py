"""How a result is drawn, on paper and to click."""

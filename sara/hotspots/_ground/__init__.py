"""From events to places: the study area, rows, named areas, streets, exposure."""

"""Teaching: a synthetic city with known truth."""

from sara.teach.city import City, city

__all__ = ["City", "city"]

"""Demo data: an invented district with people, and two months of what they asked for."""

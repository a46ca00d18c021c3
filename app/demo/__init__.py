"""Demo data: an invented district with its people, and their orders of the last two months."""

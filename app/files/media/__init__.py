"""Formats of pictures and sound: recognised by their bytes alone, measured, and cleaned."""

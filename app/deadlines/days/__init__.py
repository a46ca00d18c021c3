"""The special days of a year: announced, entered and imported."""

"""Reads about policies, calendars, deadlines and figures."""

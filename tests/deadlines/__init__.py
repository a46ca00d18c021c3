"""Policies, calendars, arithmetic, the ladder, and the jobs that climb it."""

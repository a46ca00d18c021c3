"""Policies, working calendars, deadlines of a subject and the ladder of reminders."""

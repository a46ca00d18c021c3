"""The reminders before and after a date: each is announced once, or sent again if that failed."""

"""The reminders before and after a date: announced once, and sent again where that failed."""

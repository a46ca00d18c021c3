"""Notifications: messages to people wait in the outbox until a job delivers them to the inbox."""

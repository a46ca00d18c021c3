"""Notifications: what people are told, kept in the outbox until it is delivered to the inbox."""

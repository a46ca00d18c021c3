"""The rights of an actor: which orders he or she sees, and may act on."""

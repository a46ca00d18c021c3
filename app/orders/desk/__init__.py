"""社区派单: the acts of the dispatcher."""

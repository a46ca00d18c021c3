"""The shapes of the room in JSON, a module for each noun."""

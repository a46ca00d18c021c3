"""The doors of the room: the HTTP API with its shapes, commands, jobs and listeners."""

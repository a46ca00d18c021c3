"""The doors of the room: the HTTP API with its schemas, commands, jobs and listeners."""

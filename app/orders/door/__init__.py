"""The doors of the room: the HTTP API with its shapes, and the operator's commands."""

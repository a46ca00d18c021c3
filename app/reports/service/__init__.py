"""The verbs of the room: making bulletins, and a file of the orders behind a figure."""

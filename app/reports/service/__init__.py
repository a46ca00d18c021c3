"""The verbs of the room: make bulletins, and export the orders behind a figure."""

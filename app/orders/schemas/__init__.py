"""The shapes of the room: orders, and the bodies of their actions."""

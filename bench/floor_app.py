"""What the server of the floor imports."""

from bench.floor import create

app = create()

"""The module that the web server of the floor imports."""

from bench.floor import create

app = create()

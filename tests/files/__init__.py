"""Tests of the room for files."""

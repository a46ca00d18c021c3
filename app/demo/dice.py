"""Chance that falls the same way each time."""

from random import Random


def dice(subject: str) -> Random:
    """A generator of its own for each subject: a change in one does not shift the others."""
    return Random(f"sandan-demo-{subject}")  # noqa: S311  # invented data must be repeatable

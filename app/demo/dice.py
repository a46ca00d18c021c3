"""Random numbers that are the same in each run, so that the demo can be repeated."""

from random import Random


def dice(subject: str) -> Random:
    """A random generator seeded by the subject, so that other subjects do not change its numbers."""
    return Random(f"sandan-demo-{subject}")  # noqa: S311  # invented data must be repeatable

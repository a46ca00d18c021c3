"""What all verbs of the room share: the trees' locks, clashes of unique names, order by number."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError

from app.kernel.database import Model, session
from app.kernel.database.fast.kept import hold
from app.kernel.errors import Conflict

# The code and the sentence for each unique column, by its name.
Clashes = Mapping[str, tuple[str, str]]
# Compares the version that a client has read with the one in the database, or raises.
VersionCheck = Callable[[int], None]

_NUMBER = re.compile(r"\d+")
_LARGEST = 10**9
_TREE = "tree"


def unchecked(version: int) -> None:
    """For callers inside the program, who have just read what they change."""


def lock_tree() -> None:
    """Makes this the only transaction that changes units or places until it ends.

    Moves rewrite the paths of a whole subtree; one lock for the tree is the only one that also
    covers the children that somebody is just about to add. Places share it, because they change
    hands where units close.
    """
    hold(_TREE)


def add(thing: Model, clashes: Clashes) -> None:
    """Inserts the row now, refusing clashes with others."""
    with refusing(clashes):
        session.add(thing)


@contextmanager
def refusing(clashes: Clashes) -> Iterator[None]:
    """Flushes; a broken unique constraint becomes the Conflict of the column it ends in."""
    try:
        yield
        session.flush()
    except IntegrityError as clash:
        # Only the first line: PostgreSQL's second one quotes what the user wrote.
        text = str(clash.orig).partition("\n")[0].replace(".", "_").rstrip('"')
        told = next((told for column, told in clashes.items() if text.endswith(f"_{column}")), None)
        if told is None:
            raise
        raise Conflict(*told) from clash


def number_in(name: str) -> int:
    """The first number in a name, so that 2号楼 comes before 10号楼; 0 without one."""
    found = _NUMBER.search(name)
    return min(int(found[0]), _LARGEST) if found else 0

"""What the verbs of the room share: the lock of the trees, clashes of unique names, sorting numbers."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError

from app.kernel.database import Model, session
from app.kernel.database.fast.kept import hold
from app.kernel.errors import Conflict

# Name of a unique column → (error code, Chinese message) of a clash in it.
Clashes = Mapping[str, tuple[str, str]]
# Gets the version in the database and raises where it is not the one that the client has read.
VersionCheck = Callable[[int], None]

_NUMBER = re.compile(r"\d+")
_LARGEST = 10**9
_TREE = "tree"


def unchecked(version: int) -> None:
    """Accepts every version; for callers inside the program, which have just read the row."""


def lock_tree() -> None:
    """Lets no other transaction change units or places until this one ends.

    A move rewrites the paths of a whole subtree. Locks on rows would not cover a child that another
    transaction is adding, so there is one lock for the trees. Places share it with units, because
    closing a unit gives its places to the successor.
    """
    hold(_TREE)


def add(thing: Model, clashes: Clashes) -> None:
    """Inserts the row at once; raises the Conflict that `clashes` names for a broken unique constraint."""
    with refusing(clashes):
        session.add(thing)


@contextmanager
def refusing(clashes: Clashes) -> Iterator[None]:
    """Runs the block, flushes, and turns a broken unique constraint into a Conflict.

    `clashes` is searched for the column in which the name of the constraint ends; a constraint that
    is not found there is raised as it is (IntegrityError).
    """
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
    """Returns the first number in a name, so that 2号楼 comes before 10号楼; 0 where there is none."""
    found = _NUMBER.search(name)
    return min(int(found[0]), _LARGEST) if found else 0

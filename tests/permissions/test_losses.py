"""What ends, ends everywhere: every way to come to hold something, every way to lose the right to it."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from app.kernel.clock import now
from app.kernel.database import session
from app.people.models import RoleGrant
from tests.permissions.actors import Cast, undone
from tests.permissions.afterwards import AFTERWARDS, CLOSED
from tests.permissions.scene import LOSSES, WAYS, asked, begun, close_community

CELLS = [(way, loss) for way, losses in AFTERWARDS.items() for loss in losses]
LEAST = 80


@pytest.mark.parametrize("cells", [len(CELLS)])
def test_the_table_is_whole(cells: int) -> None:
    """The figure stands in the name; each way and each loss has cells, each cell a reason."""
    assert cells >= LEAST
    assert AFTERWARDS.keys() == WAYS.keys()
    assert {loss for _, loss in CELLS} == LOSSES.keys()
    assert all(reason for losses in AFTERWARDS.values() for _, _, reason in losses.values())


@pytest.mark.parametrize("way", AFTERWARDS)
def test_what_is_left(cast: Cast, way: str) -> None:
    """Before the loss each probe says what the way gives: the control. After it, what is left."""
    wrong = []
    for loss, (before, after, reason) in AFTERWARDS[way].items():
        with undone():
            scene = begun(cast, way)
            found = asked(scene, way)
            LOSSES[loss](scene)
            left = asked(scene, way)
        if (found, left) != (before, after):
            wrong.append(f"{loss}: {found} -> {left}, not {before} -> {after} ({reason})")
    assert not wrong, "\n".join(wrong)


# What a grant gives until its date is not given a moment later, before any job has run.
EXPIRED = {
    "assignment": ("Fa++h", "rnxxh"),
    "completed": ("Fax+", "roxx"),
    "provider account": ("Fa++h", "rnxxh"),
    "split": ("Fox+", "...."),
    "pending transfer": ("+", "c"),
    "export": ("++", "x."),
    "bulk run": ("+", "."),
    "matching": ("++", "x."),
    "import": ("++", ".."),
}


@pytest.mark.parametrize("way", EXPIRED)
def test_a_grant_that_has_run_out_is_none(cast: Cast, way: str) -> None:
    """Rights are asked from the grants of the moment, and not from what a job has done."""
    before, after = EXPIRED[way]
    scene = begun(cast, way)
    assert asked(scene, way) == before
    over = update(RoleGrant).where(RoleGrant.person_id == scene.person_id)
    session.execute(over.values(until=now() - timedelta(seconds=1)))
    session.commit()
    assert asked(scene, way) == after


@pytest.mark.parametrize("way", ["claim", "assignment", "helper", "provider account", "split"])
def test_nothing_is_lost_before_the_job_has_moved_the_people(cast: Cast, way: str) -> None:
    """A unit has closed a moment ago: the order is at the successor, the grant is not yet."""
    before, after, _ = AFTERWARDS[way][CLOSED]
    scene = begun(cast, way)
    assert asked(scene, way) == before
    close_community(scene)
    assert asked(scene, way) == after

"""Two people who leave at the same moment: both leave, and neither waits for the other."""

from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from app.kernel.database import transaction
from app.people.service import grant_role
from app.people.states import PersonKind
from tests.races.erasing import Person, Stage
from tests.races.test_claims import together
from tests.serving import Reply
from tests.world import SYSTEM

pytestmark = [pytest.mark.races, pytest.mark.slow, pytest.mark.figures]


def erase(stage: Stage, person: Person, _grant_id: int) -> Reply:
    """The person deletes the own account."""
    return stage.sent("DELETE", "/me", person.token)


def deactivate(stage: Stage, person: Person, _grant_id: int) -> Reply:
    """The leader of the community deactivates the person."""
    body = {"reason": "离职"}
    return stage.sent("POST", f"/people/{person.id}/deactivate", stage.token("leader"), body)


def end_role(stage: Stage, _person: Person, grant_id: int) -> Reply:
    """The leader of the community ends the person's role."""
    return stage.sent("DELETE", f"/grants/{grant_id}", stage.token("leader"))


def on_duty(stage: Stage) -> tuple[Person, int]:
    """A new dispatcher who has asked for an export, and has the role duty too; the id of this grant."""
    person = stage.person(PersonKind.STAFF)
    with stage.app.app_context(), transaction():
        unit_id = stage.world.community.id
        grant_role(SYSTEM, person.id, "dispatcher", unit_id)
        grant_id = grant_role(SYSTEM, person.id, "duty", unit_id).id
    stage.must(person.token, "POST", "/exports", {"template": "orders"})
    return person, grant_id


@pytest.mark.parametrize("other", [erase, deactivate, end_role])
def test_two_of_the_staff_leave_at_once(
    stage: Stage, pytestconfig: pytest.Config, other: Callable[[Stage, Person, int], Reply]
) -> None:
    """One who is on duty is erased, while another is erased, is deactivated, or loses the role."""
    seen = Counter[int]()
    for _ in range(40 if pytestconfig.getoption("--figures") else 8):
        (one, one_grant), (two, two_grant) = on_duty(stage), on_duty(stage)
        deeds = [partial(erase, stage, one, one_grant), partial(other, stage, two, two_grant)]
        seen.update(reply.status for reply in together(deeds))
    assert {status for status in seen if status >= 300} == set(), seen

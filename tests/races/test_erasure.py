"""An erasure beside every verb that writes for the person: nothing is left of him or her."""

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
import sqlalchemy as sa

from app.identity.queries import sessions
from app.kernel.database import db, session, transaction
from app.people.models import Person as PersonRow
from app.people.states import PersonKind, PersonStatus
from tests.privacy.dump import SEALED, opened_value
from tests.races.erasing import MEMBERS, VERBS, Deed, Person, Stage, Verb
from tests.races.test_claims import together
from tests.serving import Reply

pytestmark = [pytest.mark.races, pytest.mark.slow, pytest.mark.figures]
# Columns with a person's id whose rows must not outlive the person.
OWNED = (
    *("orders.requester_id", "orders.placer_id", "orders.holder_id", "orders.offered_to_id"),
    *("person_details.person_id", "login_sessions.person_id", "wechat_accounts.person_id"),
    *("accounts.person_id", "files.uploader_id", "order_followers.person_id"),
    *("intake_banner_me_toos.person_id", "exports.owner_id", "idempotency_keys.person_id"),
    "providers.person_id",
)
# With a round of its own a verb that takes longer than an erasure would never meet it.
LATEST = 0.03


def race(stage: Stage, verb: Verb, *, member: bool) -> tuple[Person, list[Reply]]:
    """One round: the person, and what the verb and the erasure were answered."""
    person, deed, erase = prepared(stage, verb, member=member)
    early, late = random.uniform(0, LATEST), random.uniform(0, LATEST)
    return person, together([lambda: after(early, deed), lambda: after(late, erase)])


def after(seconds: float, deed: Deed) -> Reply:
    """The reply of a deed that begins so much later."""
    time.sleep(seconds)
    return deed()


def prepared(stage: Stage, verb: Verb, *, member: bool) -> tuple[Person, Deed, Deed]:
    """A new person, the verb, and the erasure: by the person, or of a member by staff."""
    person = stage.person(PersonKind.MEMBER if member else PersonKind.RESIDENT)
    deed, chief = verb(stage, person), stage.token("admin")
    if not member:
        return person, deed, lambda: stage.sent("DELETE", "/me", person.token)
    path, body = f"/people/{person.id}/erase", {"forced": True, "reason": f"{person.name}本人要求"}
    return person, deed, lambda: stage.sent("POST", path, chief, body)


def left_of(stage: Stage, people: Sequence[Person], *, erased: bool = True) -> list[str]:
    """Where the people's marks and ids still stand, in clear or sealed."""
    by_id = {person.id: person for person in people}
    marks = [mark for person in people for mark in person.marks]
    found = []
    with stage.app.app_context(), transaction(writing=False):
        assert select_erased(list(by_id)) == (set(by_id) if erased else set())
        for table in db.metadata.sorted_tables:
            for row in session.execute(sa.select(table)).mappings():
                values = {f"{table.name}.{name}": value for name, value in row.items()}
                found += [name for name in OWNED if values.get(name) in by_id]
                text = "\n".join(map(str, _in_clear(table, row)))
                found += [f"{table.name}: {mark}" for mark in marks if mark in text]
    return found


def select_erased(ids: Sequence[int]) -> set[int]:
    """Which of the people are erased."""
    gone = PersonRow.status == PersonStatus.ERASED
    return set(session.scalars(sa.select(PersonRow.id).where(PersonRow.id.in_(ids), gone)))


def _in_clear(table: sa.Table, row: sa.RowMapping) -> Iterator[object]:
    for name, value in row.items():
        sealed = isinstance(value, str) and SEALED.fullmatch(value)
        yield opened_value(table, row, str(name)) if sealed else value


def rounds_of(pytestconfig: pytest.Config) -> int:
    """How often each verb is tried."""
    return max(4, -(-200 // len(VERBS))) if pytestconfig.getoption("--figures") else 1


def test_nothing_is_left(stage: Stage, pytestconfig: pytest.Config) -> None:
    """Of nobody, whichever of the two comes first; and no request crashes."""
    people, seen = [], Counter[tuple[str, int]]()
    for _ in range(rounds_of(pytestconfig)):
        for name, verb in VERBS.items():
            person, replies = race(stage, verb, member=name in MEMBERS)
            did, erased = replies
            assert erased.status == 204, (name, erased)
            assert did.status < 500, (name, did)
            people.append(person)
            seen[name, did.status] += 1
    print(f"{len(people)} rounds: {dict(seen)}")  # noqa: T201  # the figures, with -s
    assert left_of(stage, people) == []


@pytest.mark.parametrize("name", VERBS)
def test_what_each_verb_leaves_goes(stage: Stage, name: str) -> None:
    """The control of the race: alone the verb succeeds, and an erasure after it leaves nothing."""
    person, deed, erase = prepared(stage, VERBS[name], member=name in MEMBERS)
    assert deed().status < 300
    assert left_of(stage, [person], erased=False)
    assert erase().status == 204
    assert left_of(stage, [person]) == []


def test_without_the_lock_something_is_left(
    stage: Stage, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the same race, when a request does not hold the person for whom it writes."""
    if database == "sqlite":
        pytest.skip("one writer at a time")
    monkeypatch.setattr(sessions, "_TOKEN_CHECK_TO_WRITE", sessions._TOKEN_CHECK)
    people = []
    for _ in range(40):
        person, (_, erased) = race(stage, VERBS["place"], member=False)
        assert erased.status == 204
        people.append(person)
        if left_of(stage, [person]):
            return
    pytest.fail(f"the race of {len(people)} rounds would not see a missing lock")

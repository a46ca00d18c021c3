"""Ten wrong passwords lock an account, whichever process sees them; in a quarter of an hour it opens."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import func, select, update

from app.identity.models import Account, LoginFailure
from app.identity.queries import account_key
from app.identity.service import create_account
from app.kernel import http
from app.kernel.database import session, transaction
from tests import postgres
from tests.conftest import Clock, new_sqlite, settings_for
from tests.races.test_claims import show, together
from tests.serving import Reply, Running, Server, running, serving
from tests.world import SYSTEM, World

pytestmark = [pytest.mark.races, pytest.mark.slow]
NAME, PASSWORD, WRONG = "dongfeng", "right-and-long-enough", "wrong-all-the-same"
LIMIT, THREADS = 10, 4

# One try to log in with this password.
Try = Callable[[str], Reply]


@dataclass
class Pair:
    """Two processes with a door each, and the clock of both."""

    servers: tuple[Server, Running]
    clock: Clock
    # Seconds that both are ahead.
    ahead: float = 0

    @property
    def doors(self) -> list[Try]:
        """The two doors."""
        return [lambda password, door=door: _knock(door, password) for door in self.servers]  # type: ignore[misc]  # bound now

    def later(self, seconds: float) -> None:
        """Moves both clocks on."""
        self.ahead += seconds
        self.clock.shift(self.ahead)

    def forgive(self) -> None:
        """Starts the counts anew: the account's here, the address's by an hour that goes by.

        An address may fail a hundred times in a quarter of an hour, and all tests share one.
        """
        self.later(60 * 60)
        with self.servers[0].app.app_context(), transaction():
            latest = session.scalar(select(func.max(LoginFailure.id))) or 0
            session.execute(update(Account).values(forgiven_failure_id=latest))

    def failures(self) -> int:
        """How many failures are counted."""
        with self.servers[0].app.app_context(), transaction(writing=False):
            forgiven = select(func.max(Account.forgiven_failure_id)).scalar_subquery()
            counted = select(func.count()).where(
                LoginFailure.account_key == account_key(NAME), LoginFailure.id > forgiven
            )
            return int(session.scalar(counted) or 0)


def _knock(door: Running, password: str) -> Reply:
    return door.call("POST", "/sessions/password", body={"username": NAME, "password": password})


@pytest.fixture(scope="module")
def database_of_two(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty database for both."""
    if database == "sqlite":
        yield new_sqlite(tmp_path_factory.mktemp("lockout"))
        return
    with postgres.new_database(f"sandan_lockout_{uuid.uuid4().hex[:12]}") as url:
        yield url


@pytest.fixture(scope="module")
def two(database_of_two: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two servers of one process each, so that the test knows which one it asks."""
    folder = tmp_path_factory.mktemp("doors")
    clock = Clock(folder / "clock")
    settings = settings_for(database_of_two, folder) | {"CLOCK_FILE": str(clock.path)}
    with (
        serving(settings, folder, workers=1) as first,
        running(settings, folder / "second.log") as second,
    ):
        with first.app.app_context(), transaction():
            create_account(SYSTEM, first.world.ids["dispatcher"], NAME, PASSWORD, must_change=False)
        yield Pair((first, second), clock)


def locks_after(wrong: int, doors: list[Try]) -> bool:
    """Whether that many wrong passwords, in turn at each door, lock all of them to the right one."""
    for number in range(wrong):
        refused = doors[number % len(doors)](WRONG)
        assert (refused.status, refused.code) == (401, "session.bad_credentials"), number
    answers = {(reply.status, reply.code) for reply in (door(PASSWORD) for door in doors)}
    assert len(answers) == 1, answers
    return answers == {(429, "session.locked")}


def test_ten_wrong_passwords_over_two_processes_lock_both(two: Pair) -> None:
    """Five at each door; neither has seen ten."""
    two.forgive()
    assert locks_after(LIMIT, two.doors)
    assert two.failures() == LIMIT


def test_nine_do_not(two: Pair) -> None:
    two.forgive()
    assert not locks_after(LIMIT - 1, two.doors)


def test_a_quarter_of_an_hour_later_it_opens(two: Pair) -> None:
    two.forgive()
    assert locks_after(LIMIT, two.doors)
    two.later(14 * 60 + 30)
    assert {door(PASSWORD).code for door in two.doors} == {"session.locked"}
    two.later(60)
    assert [door(PASSWORD).status for door in two.doors] == [201, 201]


def test_guessing_on_does_not_prolong_it(two: Pair) -> None:
    two.forgive()
    assert locks_after(LIMIT, two.doors)
    two.later(10 * 60)
    assert {door(WRONG).code for door in two.doors} == {"session.locked"}
    assert two.failures() == LIMIT
    two.later(5 * 60 + 30)
    assert {door(PASSWORD).status for door in two.doors} == {201}


@pytest.mark.figures
def test_many_at_once_lock_it_too(two: Pair, pytestconfig: pytest.Config) -> None:
    """No more are let through than are under way at the moment of the tenth."""
    rounds = 20 if pytestconfig.getoption("--figures") else 3
    seen: Counter[tuple[int, str]] = Counter()
    for _ in range(rounds):
        two.forgive()
        tries = [lambda door=door: door(WRONG) for door in two.doors for _ in range(20)]
        replies = together(tries)
        found = Counter((reply.status, reply.code) for reply in replies)
        judged = found[401, "session.bad_credentials"]
        assert judged + found[429, "session.locked"] == len(tries), found
        assert LIMIT <= judged <= LIMIT + THREADS * len(two.doors)
        assert two.failures() == judged
        assert {door(PASSWORD).code for door in two.doors} == {"session.locked"}
        seen += found
    show("40 wrong passwords at two doors", rounds, seen)


def in_process(world: World) -> Try:
    """The same door without a server."""
    create_account(SYSTEM, world.ids["dispatcher"], NAME, PASSWORD, must_change=False)

    def knock(password: str) -> Reply:
        body = {"username": NAME, "password": password}
        answer = world.call(None, "POST", "/sessions/password", body)
        return Reply(answer.status_code, answer.json or {})

    return knock


@pytest.mark.parametrize("kept", [True, False], ids=["rows-kept", "rows-thrown-away"])
def test_it_hangs_on_the_rows_that_a_refusal_keeps(
    world: World, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    """Without the second transaction for refused requests nothing locks, and the check says so."""
    if not kept:
        monkeypatch.setattr(http, "_keep", lambda _: None)
    assert locks_after(LIMIT, [in_process(world)]) is kept

"""Several versions of the program side by side: each places, claims, reads and lists in turn.

A version is driven through its HTTP API alone, so its modules may lie anywhere. One cycle makes new
orders, gives them to the pool, claims them, reads them, and lists; only the program's own processor
time is counted, and of the dispatching none.
"""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from bench import environment
from config import ROOT

ACTIONS = ("place", "claim", "read", "list")
INSIDE = (sys.executable, "-P", str(ROOT / "bench" / "inside.py"))
PASSWORD = secrets.token_urlsafe(12)
API = "/api/v1"
# Of the demo's first community; more than ten members may not claim.
RESIDENTS, MEMBERS = 40, 10
# As high as the settings go, so that nobody is refused.
_CAPS = {
    "orders.open_cap": 50,
    "orders.daily_cap": 50,
    "orders.resident_daily": 1000,
    "orders.resident_open": 1000,
}
# Some claims of the demo are of today and count too.
MOST_CLAIMS = MEMBERS * 45
CATEGORY = "door_access"
DESCRIPTION = "三号楼二单元的门禁刷不开，老人进不了门，请师傅有空来看看。"
WARM = 2

Request = tuple[str, str, str, str, str, str]


@dataclass(slots=True)
class Side:
    """One version under way; of each round the processor time of its middle request, in milliseconds."""

    name: str
    process: subprocess.Popen[str]
    log: Path
    taken: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in ACTIONS})
    claimable: list[int] = field(default_factory=list)

    def ask(self, requests: Sequence[Request]) -> tuple[float, list[Any]]:
        """The processor time of the middle one, in milliseconds, and the answers.

        Raises RuntimeError where one is refused.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(requests) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended: {self.log.read_text(encoding='utf-8')[-2000:]}")
        results = json.loads(line)
        for (method, path, *_), (_, status, text) in zip(requests, results, strict=True):
            if status >= 300:
                raise RuntimeError(f"{self.name}: {method} {path}: {status} {text}")
        taken = median(seconds for seconds, _, _ in results) * 1000
        return taken, [json.loads(text) for _, _, text in results]

    def one(
        self, method: str, path: str, token: str = "", body: Any = None, key: str = ""
    ) -> dict[str, Any]:
        """The answer to a single request that is not measured."""
        _, (answer,) = self.ask([request(method, path, token, body, key)])
        return dict(answer)

    def lowest(self, action: str) -> float:
        """The best of its rounds: what the others did to the machine is not in it."""
        return min(self.taken[action])


@dataclass(slots=True)
class Crew:
    """The people of the demo that ask; their tokens hold in every copy of the database."""

    residents: list[str]
    members: list[str]
    dispatcher: str
    officer: str
    category_id: int
    claimed: Iterator[int] = field(default_factory=count)
    placed: Iterator[int] = field(default_factory=count)


_addresses = count(256)


def request(method: str, path: str, token: str = "", body: Any = None, key: str = "") -> Request:
    """A request of the API, from an address of its own: log-ins are limited by address."""
    number = next(_addresses)
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    text = "" if body is None else json.dumps(body, ensure_ascii=False)
    return method, API + path, token, text, key, address


def settings(url: str, folder: Path) -> dict[str, str]:
    """The settings of all sides: in the sandbox people log in, in production they would not."""
    production = environment.production(url, folder, 1)
    own = {"APP_ENV": "development", "WECHAT_MODE": "sandbox", "DEMO_PASSWORD": PASSWORD}
    return production | own | {"FLASK_APP": "wsgi"}


def fill(checkout: Path, told: Mapping[str, str]) -> None:
    """Tables and demo by the checkout's own commands."""
    for command in (("db", "upgrade"), ("demo",)):
        done = subprocess.run(
            [sys.executable, "-m", "flask", *command],
            cwd=checkout,
            env=_environ(checkout, told),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{checkout}: flask {' '.join(command)}: {done.stderr[-2000:]}")


@contextmanager
def running(
    name: str, checkout: Path, told: Mapping[str, str], command: Sequence[str] = INSIDE
) -> Iterator[Side]:
    """The checkout's program as a process that waits for requests; it ends with the block."""
    log = Path(told["DATA_DIR"]) / f"{name}.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            list(command),
            cwd=checkout,
            env=_environ(checkout, told),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        yield Side(name, process, log)
    finally:
        process.communicate()


def _environ(checkout: Path, told: Mapping[str, str]) -> dict[str, str]:
    # One seed for all: the order of sets must not make one side faster.
    same = {"PYTHONPATH": str(checkout), "PYTHONHASHSEED": "0"}
    return environment.of_process(dict(told)) | same


def prepare(side: Side) -> Crew:
    """Logs the people in and raises what they may do in a day."""

    def by_code(code: str) -> str:
        return str(side.one("POST", "/sessions/wechat", body={"code": code})["access_token"])

    def by_name(username: str) -> str:
        given = {"username": username, "password": PASSWORD}
        return str(side.one("POST", "/sessions/password", body=given)["access_token"])

    crew = Crew(
        [by_code(f"demo-resident-{number}") for number in range(1, RESIDENTS + 1)],
        [by_code(f"demo-member-{number}") for number in range(1, MEMBERS + 1)],
        by_name("dispatcher-1"),
        by_name("district-1"),
        0,
    )
    crew.category_id = _category(side, crew)
    first = side.one("POST", "/orders", crew.residents[0], _body(crew), "the first order")
    _raise_caps(side, crew, int(first["unit"]["id"]))
    return crew


def _category(side: Side, crew: Crew) -> int:
    waiting = list(side.one("GET", "/categories", crew.officer)["items"])
    while waiting:
        category = waiting.pop()
        if category["code"] == CATEGORY:
            return int(category["id"])
        waiting += category["children"]
    raise RuntimeError(f"the demo has no category {CATEGORY}")


def _raise_caps(side: Side, crew: Crew, unit_id: int) -> None:
    path = f"/units/{unit_id}/settings"
    version = int(side.one("GET", f"/units/{unit_id}", crew.officer)["version"])
    for key, value in _CAPS.items():
        body = {"key": key, "value": value}
        side.one("PUT", path, crew.officer, body, f'"{version}"')
        version = int(side.one("GET", f"/units/{unit_id}", crew.officer)["version"])


def play(sides: Sequence[tuple[Side, Crew]], rounds: int, each: int) -> None:
    """All sides in turn, `each` requests of each action a round; who begins changes each time."""
    for number in range(WARM + rounds):
        turned = [*sides[number % len(sides) :], *sides[: number % len(sides)]]
        made = {side.name: _placings(crew, each) for side, crew in turned}
        for action in ACTIONS:
            for side, crew in turned:
                if action != "place":
                    made[side.name] = _next(action, side, crew, each)
                taken, answers = side.ask(made[side.name])
                if action == "place":
                    side.claimable = [int(answer["id"]) for answer in answers]
                    _dispatch(side, crew)
                if number >= WARM:
                    side.taken[action].append(taken)


def _placings(crew: Crew, each: int) -> list[Request]:
    numbers = [next(crew.placed) for _ in range(each)]
    return [
        request("POST", "/orders", crew.residents[n % RESIDENTS], _body(crew), f"place-{n}")
        for n in numbers
    ]


def _next(action: str, side: Side, crew: Crew, each: int) -> list[Request]:
    if action == "claim":
        numbers = [next(crew.claimed) for _ in range(each)]
        return [
            request("POST", f"/orders/{order}/claim", crew.members[n % MEMBERS], {}, f"claim-{n}")
            for n, order in zip(numbers, side.claimable, strict=True)
        ]
    if action == "read":
        return [request("GET", f"/orders/{order}", crew.officer) for order in side.claimable]
    return [request("GET", "/orders?limit=20", crew.officer) for _ in range(each)]


def _dispatch(side: Side, crew: Crew) -> None:
    body = {"mode": "pool", "task": "修门禁"}
    side.ask(
        [
            request("POST", f"/orders/{order}/dispatch", crew.dispatcher, body, f"give-{order}")
            for order in side.claimable
        ]
    )


def _body(crew: Crew) -> dict[str, Any]:
    return {"description": DESCRIPTION, "category_id": crew.category_id}


def ratio(side: Side, other: Side, action: str) -> tuple[float, float]:
    """The side's time by the other's: of the lowest rounds, and the median round by round."""
    pairs = zip(side.taken[action], other.taken[action], strict=True)
    return side.lowest(action) / other.lowest(action), median(one / two for one, two in pairs)

"""Measures how long other people wait while one person floods the program, behind README's nginx.

`python -m bench.floods [--database sqlite] [--seconds 20]` starts the program with production settings
and nginx in front of it. Other people read `GET /me` and place orders, quietly first, and then beside
each flood of sixteen connections of one person. It prints the p99 of both in milliseconds, and how the
flood was answered. Asked: at most max(3 × quiet, 300 ms).
"""

import argparse
import http.client
import itertools
import json
import multiprocessing
import secrets
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from PIL import Image

from app.identity.service import open_session
from app.identity.states import Channel
from app.kernel.database import transaction
from app.kernel.http import App
from bench import environment
from bench.environment import POSTGRESQL, SQLITE
from bench.servers import serving
from tests.proxy import in_front_of, slow_bodies
from tests.world import SYSTEM, World, build_world

CONNECTIONS = 16
WORKERS = {POSTGRESQL: 2, SQLITE: 1}
# The flood comes from an address of its own, as another household does.
_HOSTILE_ADDRESS = "127.0.0.2"
# Of each kind; so the readers together stay below the coarse limit of a person.
_A_SECOND = 8
_READERS = ("resident", "resident2", "other_resident", "other_resident2")
_MULTIPART = "multipart/form-data; boundary=x"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a flood goes: nginx's port, the one person's log-in and order, and what is uploaded."""

    port: int
    token: str
    order_id: int
    pictures: list[bytes]


@dataclass(slots=True)
class Waits:
    """The seconds of each answer by request, and the answers that were no success."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    bad: Counter[str] = field(default_factory=Counter)

    def p99(self, name: str) -> float:
        """Milliseconds."""
        ordered = sorted(self.seconds[name])
        return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1000


class Caller:
    """A connection that stays open and is opened anew when the server has closed it."""

    def __init__(self, port: int, address: str) -> None:
        self._make = lambda: http.client.HTTPConnection(
            "127.0.0.1", port, timeout=60, source_address=(address, 0)
        )
        self._connection = self._make()

    def call(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> int:
        """The status; 0 where the connection was closed."""
        try:
            self._connection.request(method, f"/api/v1{path}", body, headers)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            self._connection = self._make()
            return 0
        return answer.status


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _pictures() -> list[bytes]:
    """A flat one of fifty million pixels, a real photo as large, one of four million, a broken one."""
    made = []
    for picture, kind, options in (
        (Image.new("RGB", (7071, 7070)), "WEBP", {"lossless": True}),
        (Image.effect_noise((1000, 1000), 50).resize((7000, 7000)), "JPEG", {"quality": 60}),
        (Image.new("RGBA", (2000, 2000)), "PNG", {}),
    ):
        out = BytesIO()
        picture.save(out, kind, **options)
        made.append(out.getvalue())
    return [*made, made[1][:-1000]]


def _uploads(caller: Caller, target: Target) -> Iterator[int]:
    frame = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    headers = _bearer(target.token) | {"Content-Type": _MULTIPART}
    bodies = [frame + picture + b"\r\n--x--\r\n" for picture in target.pictures]
    for body in itertools.cycle(bodies):
        yield caller.call("POST", "/files", body, headers)


def _comments(caller: Caller, target: Target) -> Iterator[int]:
    headers = _bearer(target.token) | {"Content-Type": "application/json"}
    body = json.dumps({"note": "还没有好。"}).encode()
    while True:
        yield caller.call("POST", f"/orders/{target.order_id}/comments", body, headers)


def _reads(caller: Caller, target: Target) -> Iterator[int]:
    while True:
        yield caller.call("GET", "/orders?mine=placed", None, _bearer(target.token))


def _strangers(caller: Caller, _target: Target) -> Iterator[int]:
    while True:
        yield caller.call("GET", "/me", None, _bearer(secrets.token_urlsafe()))


FLOODS: dict[str, Callable[[Caller, Target], Iterator[int]]] = {
    "uploads": _uploads,
    "comments": _comments,
    "reads": _reads,
    "made-up log-ins": _strangers,
}
SLOW = "slow bodies"


def _flood(name: str, target: Target, begun: object, until: object, answers: object) -> None:
    """Runs in a process of its own, so that it does not take part in what is measured."""
    counted: Counter[int] = Counter()
    over = threading.Event()

    def go() -> None:
        for status in FLOODS[name](Caller(target.port, _HOSTILE_ADDRESS), target):
            counted[status] += 1
            if over.is_set():
                return

    threads = [threading.Thread(target=go, daemon=True) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    begun.set()  # type: ignore[attr-defined]  # an Event of multiprocessing
    until.wait()  # type: ignore[attr-defined]  # the same
    over.set()
    answers.put(dict(counted))  # type: ignore[attr-defined]  # a Queue of multiprocessing


@contextmanager
def flooding(name: str, target: Target) -> Iterator[dict[int, int]]:
    """Floods during the block; the dict holds afterwards how often each status was answered."""
    found: dict[int, int] = {}
    if name == SLOW:
        with slow_bodies(target.port, target.token, CONNECTIONS):
            yield found
        return
    context = multiprocessing.get_context("spawn")
    begun, until, answers = context.Event(), context.Event(), context.Queue()
    process = context.Process(target=_flood, args=(name, target, begun, until, answers))
    process.start()
    try:
        begun.wait()
        yield found
    finally:
        until.set()
        found |= answers.get(timeout=60)
        process.join(60)


def measure(port: int, tokens: list[str], unit_id: int, seconds: float) -> Waits:
    """Lets other people read and place, each request at its time, whether the last was slow or not."""
    waits, lock = Waits({"GET /me": [], "POST /orders": []}), threading.Lock()
    body = json.dumps({"description": "楼道的灯坏了,请来修。", "unit_id": unit_id}).encode()
    began = time.perf_counter()

    def one(name: str, first: int) -> None:
        method, _, path = name.partition(" ")
        caller = Caller(port, "127.0.0.1")
        for turn in itertools.count():
            at = began + (turn + first / len(tokens)) * len(tokens) / _A_SECOND
            if at > began + seconds:
                return
            time.sleep(max(0, at - time.perf_counter()))
            headers = _bearer(tokens[first]) | {
                "Content-Type": "application/json",
                "Idempotency-Key": secrets.token_hex(),
            }
            status = caller.call(method, path, body if method == "POST" else None, headers)
            with lock:
                waits.seconds[name].append(time.perf_counter() - at)
                if status not in (200, 201):
                    waits.bad[f"{name} {status}"] += 1

    threads = [
        threading.Thread(target=one, args=(name, first))
        for name in waits.seconds
        for first in range(len(tokens))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return waits


def _peopled(app: App) -> tuple[World, dict[str, str], int]:
    """The small district, a log-in of each who takes part, and an order of the one who floods."""
    with app.app_context():
        world = build_world()
        world.client = app.test_client()
        world.lift_caps()
        order_id = world.order("volunteer", unit_id=world.community.id)["id"]
        with transaction():
            tokens = {
                who: open_session(SYSTEM, world.ids[who], Channel.WECHAT).access_token
                for who in (*_READERS, "volunteer")
            }
        return world, tokens, order_id


def main() -> None:
    """Prints a line for each flood; ends with 1 where somebody waited longer than is asked."""
    parser = argparse.ArgumentParser(prog="bench.floods", description=__doc__)
    parser.add_argument("--database", choices=(POSTGRESQL, SQLITE), default=POSTGRESQL)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--only", default=",".join((*FLOODS, SLOW)))
    given = parser.parse_args()
    kind, slowest = given.database, 0.0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sandan-floods-")))
        url = stack.enter_context(environment.new_database_of(kind, folder))
        settings = environment.production(url, folder, WORKERS[kind]) | {"TRUSTED_PROXIES": "1"}
        app = stack.enter_context(environment.app_of(settings))
        world, tokens, order_id = _peopled(app)
        others, environ = [tokens[who] for who in _READERS], environment.of_process(settings)
        server = stack.enter_context(
            serving("wsgi:app", environ, WORKERS[kind], folder / "server.log")
        )
        port = stack.enter_context(in_front_of(server.port, folder / "nginx"))
        target = Target(port, tokens["volunteer"], order_id, _pictures())
        measure(port, others, world.community.id, 3)
        quiet = measure(port, others, world.community.id, given.seconds)
        limits = {name: max(3 * quiet.p99(name), 300) for name in quiet.seconds}
        print(f"{kind}, {len(quiet.seconds['GET /me'])} requests of each kind a line", flush=True)
        _show("quiet", quiet, {})
        for name in given.only.split(","):
            with flooding(name, target) as answers:
                time.sleep(1)
                waits = measure(port, others, world.community.id, given.seconds)
            _show(name, waits, answers)
            slowest = max(slowest, *(waits.p99(each) / limits[each] for each in limits))
        again = measure(port, others, world.community.id, given.seconds)
        _show("quiet again", again, {})
    print(f"longest wait by what is allowed: {slowest:.2f} (asked ≤ 1)")
    raise SystemExit(slowest > 1)


def _show(name: str, waits: Waits, answers: dict[int, int]) -> None:
    figures = "; ".join(f"{each} p99 {waits.p99(each):.0f} ms" for each in waits.seconds)
    flood = ", ".join(f"{status} × {count}" for status, count in sorted(answers.items()))
    bad = f"; not answered as wished: {dict(waits.bad)}" if waits.bad else ""
    print(f"{name}: {figures}{bad}{f' [flood: {flood}]' if flood else ''}", flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()

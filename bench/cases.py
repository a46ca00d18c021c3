"""The cases that are measured: the requests of each, its baseline and its goal."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import quote

from app.kernel.actor import Actor
from app.kernel.database import session, transaction
from app.kernel.pages import Key, paginate
from app.orders.access.visible import orders_visible_to
from app.orders.ticket.models import Order
from bench.district import CLAIMED_EACH, PLACED_EACH, RARE, Needs
from bench.figures import Bench
from bench.load import Job
from bench.plans import indexes_of, statements_of
from bench.rounds import Side, in_turns
from bench.servers import Server
from bench.teaching import FIRST_PAGE, PAGE, Client, page_values

API = "/api/v1/orders"
DEPTH = 4_000
# The most requests a second for which people and orders are prepared; a faster machine runs out of
# them, and the run ends with an error.
REAL_RATE, FLOOR_RATE = 600, 1_500
# The first members have taught the floor; the last ones send requests only to the floor.
_TEACHERS, _FLOOR_MEMBERS = 10, 10


def needs_of(wanted: Sequence[str], rows: int, rounds: int, seconds: float) -> Needs:
    """The people and orders that all rounds and the warm-up will use up."""
    whole = seconds * (rounds + 1)
    place, claim = "place" in wanted, "claim" in wanted
    claims = int(whole * REAL_RATE) if claim else 100
    return Needs(
        rows=rows,
        placings=int(whole * REAL_RATE) if place else 100,
        claims=claims,
        pool=claims + int(whole * FLOOR_RATE) if claim else 200,
    )


def place(bench: Bench, rounds: int, seconds: float) -> None:
    """Measures how residents place orders, the real program against the floor."""
    residents = bench.district.residents.tokens[_TEACHERS:-1]
    mine, theirs = residents[: len(residents) // 2], residents[len(residents) // 2 :]
    body = json.dumps(bench.district.body, ensure_ascii=False)

    def job(server: Server, tokens: Sequence[str], most: int) -> Callable[[int], Job]:
        def next_job(made: int) -> Job:
            found = bench.job(server, "POST", [API], _turned(tokens, made))
            return replace(found, body=body, key=f"{server.port}-{made}", most=most - made)

        return next_job

    real = bench.side("real", bench.real, job(bench.real, mine, len(mine) * PLACED_EACH))
    floor = bench.side("floor", bench.floor, job(bench.floor, theirs, 10**9))
    in_turns(real, floor, rounds, seconds)
    goal = "≥ 0.60" if bench.on_sqlite else "≥ 0.50"
    bench.ratio("place", real, floor, goal)
    if bench.on_sqlite:
        bench.absolute("place, p99", real, "p99", "≤ 100")
    bench.ratio("place", real, floor, "≤ 2.2", "server_cpu")


def claim(bench: Bench, rounds: int, seconds: float) -> None:
    """Measures how members claim orders from the pool, the real program against the floor."""
    members, pool = bench.district.members.tokens, bench.district.pool
    mine, theirs = members[_TEACHERS:-_FLOOR_MEMBERS], members[-_FLOOR_MEMBERS:]
    paths = [f"{API}/{order}/claim" for order in pool]
    split = int(len(paths) * REAL_RATE / (REAL_RATE + FLOOR_RATE))

    def job(
        server: Server, paths: Sequence[str], tokens: Sequence[str], most: int
    ) -> Callable[[int], Job]:
        def next_job(made: int) -> Job:
            found = bench.job(server, "POST", paths[made:], _turned(tokens, made))
            left = min(len(paths), most) - made
            return replace(found, body="{}", key=f"{server.port}-{made}", most=left)

        return next_job

    most = len(mine) * CLAIMED_EACH
    real = bench.side("real", bench.real, job(bench.real, paths[:split], mine, most))
    floor = bench.side("floor", bench.floor, job(bench.floor, paths[split:], theirs, 10**9))
    in_turns(real, floor, rounds, seconds)
    bench.ratio("claim", real, floor, "" if bench.on_sqlite else "≥ 0.50")
    bench.ratio("claim", real, floor, "", "server_cpu")


def read(bench: Bench, rounds: int, seconds: float) -> None:
    """Measures how an officer reads single orders with their whole history, against the floor."""
    paths = [f"{API}/{order}" for order in bench.district.readable]
    real, floor = _readers(bench, paths)
    in_turns(real, floor, rounds, seconds)
    bench.ratio("read one", real, floor, "" if bench.on_sqlite else "≥ 0.55")


def page(bench: Bench, rounds: int, seconds: float) -> None:
    """Measures the first page of an officer's list of all orders, against the floor."""
    real, floor = _readers(bench, [f"{API}?limit={PAGE}"])
    in_turns(real, floor, rounds, seconds)
    name = f"list {PAGE} of {bench.rows:,}"
    bench.notes.append(_by_which_index(bench))
    bench.ratio(name, real, floor, "" if bench.on_sqlite else "≥ 0.50")


def deep(bench: Bench, rounds: int, seconds: float) -> None:
    """Measures the same list thousands of pages later, against its own first page."""
    depth = min(DEPTH, bench.rows // PAGE // 2)
    cursor = quote(_cursor_at(bench, depth * PAGE))
    first = bench.side("first page", bench.real, _reading(bench, bench.real, f"{API}?limit={PAGE}"))
    path = f"{API}?limit={PAGE}&cursor={cursor}"
    far = bench.side("far page", bench.real, _reading(bench, bench.real, path))
    in_turns(far, first, rounds, seconds)
    goal = "" if bench.on_sqlite else "≥ 0.90"
    bench.ratio(f"list at page {depth:,}", far, first, goal)


def search(bench: Bench, rounds: int, seconds: float) -> None:
    """Measures the search for a word that few orders hold, over one connection; in milliseconds."""
    path = f"{API}?limit={PAGE}&q={quote(RARE)}"
    real = bench.side("real", bench.real, _reading(bench, bench.real, path, connections=1))
    real.warm_up(seconds / 2)
    for _ in range(rounds):
        real.play(seconds)
    goal = "" if bench.on_sqlite else "≤ 20"
    bench.absolute(f"search a rare word among {bench.rows:,}", real, "p50", goal)


CASES: dict[str, Callable[[Bench, int, float], None]] = {
    "read": read,
    "list": page,
    "deep": deep,
    "search": search,
    "place": place,
    "claim": claim,
}


def _readers(bench: Bench, paths: Sequence[str]) -> tuple[Side, Side]:
    return (
        bench.side("real", bench.real, _reading(bench, bench.real, *paths)),
        bench.side("floor", bench.floor, _reading(bench, bench.floor, *paths)),
    )


def _reading(
    bench: Bench, server: Server, *paths: str, connections: int | None = None
) -> Callable[[int], Job]:
    tokens = bench.district.officers.tokens

    def next_job(made: int) -> Job:
        job = bench.job(server, "GET", _turned(paths, made), _turned(tokens, made))
        return replace(job, connections=connections or bench.connections)

    return next_job


def _by_which_index(bench: Bench) -> str:
    """A note for the report: the indexes by which the program and the floor read the list.

    With another index the floor would not be a fair baseline.
    """
    client, token = Client(bench.app), bench.district.officers.tokens[-1]
    with bench.app.app_context():
        asked = statements_of(
            lambda: client.call("GET", f"/orders?limit={PAGE}", token), Order.__tablename__
        )
        real = {name for statement in asked for name in indexes_of(statement)}
        floor = indexes_of((FIRST_PAGE, page_values(bench.district)))
    return f"list: the program reads by {', '.join(sorted(real))}; the floor by {', '.join(floor)}"


def _turned(found: Sequence[str], made: int) -> list[str]:
    """The list, turned so that it begins where the last round has stopped."""
    start = made % len(found)
    return [*found[start:], *found[:start]]


def _cursor_at(bench: Bench, rows: int) -> str:
    """The cursor after the first `rows` orders of the list; RuntimeError if the list is shorter."""
    keys = [Key(Order.green_channel, desc=True), Key(Order.submitted_at, desc=True)]
    keys.append(Key(Order.id, desc=True))
    order = [key.column.desc() for key in keys]
    with bench.app.app_context(), transaction(writing=False):
        statement = orders_visible_to(Actor.system("bench"))
        two = statement.with_only_columns(Order.id).order_by(*order).offset(rows - 1).limit(2)
        ids = list(session.scalars(two))
        found = paginate(statement.where(Order.id.in_(ids)), keys, cursor=None, limit=1).next_cursor
    if found is None:
        raise RuntimeError("the list is not that long")
    return found

"""The matrix as a function: asks every case as every role in both places, and compares."""

import itertools
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from werkzeug.routing import MapAdapter, Rule
from werkzeug.test import TestResponse

from app.kernel.database import session
from app.people.models import PersonDetail
from tests.permissions.actors import PLACES, ROLES, Cast, undone
from tests.world import World

Values = dict[str, Any]
MISSING = 999_999_999
BOTH = tuple(PLACES)
_keys = itertools.count(1)
_FRAME = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'

# What an answer is in the table; anything else is shown as its status.
REFUSED, BARRED, HIDDEN, ALLOWED, EMPTY = "-", "x", ".", "+", "o"
LETTERS = {401: REFUSED, 403: BARRED, 404: HIDDEN}


@dataclass(frozen=True, slots=True)
class Call:
    """One probe on its way: by whom, about what."""

    world: World
    values: Values
    key: str | None

    @property
    def person_id(self) -> int:
        """Who asks; the requester for nobody."""
        return self.world.ids[self.key or "resident"]


def nothing(_: World) -> Values:
    """Needs no preparation."""
    return {}


@dataclass(frozen=True, slots=True)
class Case:
    """An endpoint in one situation, with a request that is right in shape and meaning.

    `name` is the endpoint, with ":…" after it for further situations. `arrange` brings the situation
    about once and answers what path, query and body are made of; `target` is which of it names the
    object that may be foreign (by default the first of the path). `shows` tells an answer with the
    object in it from one without. `opens`: the requester's phone may stand in the answer in clear.
    """

    name: str
    arrange: Callable[[World], Values] = nothing
    body: Callable[[Call], Any] | None = None
    status: int = 200
    query: tuple[str, ...] = ()
    target: str | None = None
    shows: Callable[[Any, Values], bool] | None = None
    version: Callable[[Call], int] | None = None
    upload: Callable[[Call], bytes] | None = None
    opens: bool = False

    @property
    def endpoint(self) -> str:
        """The endpoint's name in the program."""
        return self.name.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Violation:
    """What an actor got and should not have got, or the other way round."""

    case: str
    place: str
    role: str
    expected: str
    found: str
    code: str

    @property
    def found_as(self) -> tuple[str, str, str, str]:
        """Case, place, role and what was found."""
        return self.case, self.place, self.role, self.found

    def __str__(self) -> str:
        where = f"{self.case}, {self.place} {self.role}"
        return f"{where}: {self.found!r} ({self.code}) instead of {self.expected!r}"


@dataclass(slots=True)
class Report:
    """How many probes there were, and which of them went wrong."""

    probes: int = 0
    violations: list[Violation] = field(default_factory=list)

    @property
    def found(self) -> set[tuple[str, str, str, str]]:
        """Everything that went wrong."""
        return {violation.found_as for violation in self.violations}


Table = Mapping[str, tuple[str, str]]


def methods(rule: Rule) -> set[str]:
    """What an endpoint answers, but for what Flask adds by itself."""
    return (rule.methods or set()) - {"HEAD", "OPTIONS"}


def unlisted(rules: Iterable[Rule], cases: Iterable[Case], table: Table) -> set[str]:
    """Endpoints without a case, cases without an endpoint or a row, rows without a case.

    A row has a letter for each role, and one row of each endpoint lets somebody in.
    """
    rules, cases = list(rules), list(cases)
    doors = {rule.endpoint for rule in rules}
    named = {case.name for case in cases}
    opened = {case.endpoint for case in cases if ALLOWED in "".join(table.get(case.name, ()))}
    faults = {f"no case: {name}" for name in doors - {case.endpoint for case in cases}}
    faults |= {f"several methods: {rule.endpoint}" for rule in rules if len(methods(rule)) != 1}
    faults |= {f"no endpoint: {c.name}" for c in cases if c.endpoint not in doors}
    faults |= {f"no row: {name}" for name in named - table.keys()}
    faults |= {f"no case: {name}" for name in table.keys() - named}
    faults |= {f"nobody gets in: {name}" for name in doors - opened}
    wrong = {name for name, row in table.items() if [len(part) for part in row] != [len(ROLES)] * 2}
    return faults | {f"not {len(ROLES)} letters: {name}" for name in wrong}


def run(
    cast: Cast,
    app: Flask,
    cases: Iterable[Case],
    table: Table,
    *,
    places: Sequence[str] = BOTH,
    plant: Callable[[], None] | None = None,
) -> Report:
    """Every case as every role in the places, each against the same fresh situation.

    `plant` breaks something, for tests of this function, once the situation has come about.
    """
    report = Report()
    for case in cases:
        for violation in probes(cast, app, case, table[case.name], places=places, plant=plant):
            report.probes += 1
            if violation is not None:
                report.violations.append(violation)
    return report


def probes(
    cast: Cast,
    app: Flask,
    case: Case,
    row: tuple[str, str],
    *,
    places: Sequence[str] = BOTH,
    plant: Callable[[], None] | None = None,
) -> Generator[Violation | None, None, None]:
    """One case, probe by probe: what went wrong, or None."""
    prober = _Prober(cast, app, case)
    with undone():
        values = case.arrange(cast.world)
        if plant is not None:
            plant()
        for place in places:
            for role, expected in zip(ROLES, row[BOTH.index(place)], strict=True):
                found, code = prober.probe(values, cast.key(place, role))
                wrong = Violation(case.name, place, role, expected, found, code)
                yield None if found == expected else wrong


class _Prober:
    """Sends the requests of one case."""

    def __init__(self, cast: Cast, app: Flask, case: Case) -> None:
        self.cast, self.case = cast, case
        self.adapter: MapAdapter = app.url_map.bind("localhost")
        self.rule = next(
            rule for rule in app.url_map.iter_rules() if rule.endpoint == case.endpoint
        )
        (self.method,) = methods(self.rule)
        self.target = case.target or next(iter(self.rule._converters), None)
        self.phone = _phone(cast.world.ids["resident"])

    def probe(self, values: Values, key: str | None) -> tuple[str, str]:
        """The letter for the answer, and its code."""
        answer = self._send(values, key)
        code = str((answer.get_json(silent=True) or {}).get("code", ""))
        if fault := self._fault(answer, values, key):
            return fault, code
        if answer.status_code == self.case.status:
            return self._seen(answer, values), code
        letter = LETTERS.get(answer.status_code, str(answer.status_code))
        if letter == HIDDEN and self.target in values:
            missing = self._send(values, key, {self.target: MISSING})
            if _traits(missing) != _traits(answer):
                return "unlike a missing one", code
        return letter, code

    def _fault(self, answer: TestResponse, values: Values, key: str | None) -> str:
        """What no answer may be, whoever asks."""
        if self.phone in answer.data and not self.case.opens:
            return "phone in clear"
        if answer.status_code >= 400 and answer.content_type != "application/problem+json":
            return "not a problem document"
        if key is None and self.method == "GET":
            head = self._send(values, key, method="HEAD")
            return "" if head.status_code == answer.status_code else f"HEAD {head.status_code}"
        return ""

    def _seen(self, answer: TestResponse, values: Values) -> str:
        if self.case.shows is None or self.case.shows(answer.get_json(silent=True), values):
            return ALLOWED
        return EMPTY

    def _send(
        self,
        values: Values,
        key: str | None,
        instead: Values | None = None,
        *,
        method: str | None = None,
    ) -> TestResponse:
        """The request against the situation as it was arranged, or about something else instead."""
        with undone():
            known, asked = (
                Call(self.cast.world, {**values, **more}, key) for more in ({}, instead or {})
            )
            wanted = {*self.rule.arguments, *self.case.query}
            path = self.adapter.build(
                self.case.endpoint,
                {name: asked.values[name] for name in wanted},
                method=self.method,
            )
            content = self._content(known, asked)
            return self.cast.send(key, method or self.method, path, **content)

    def _content(self, known: Call, asked: Call) -> dict[str, Any]:
        """Headers and body; also about something missing the version is that of what is known."""
        case = self.case
        headers: dict[str, str] = {}
        content: dict[str, Any] = {"headers": headers}
        if self.method == "POST":
            headers["Idempotency-Key"] = f"probe-{next(_keys)}"
        if case.version is not None:
            headers["If-Match"] = f'"{case.version(known)}"'
        if case.body is not None:
            content["json"] = case.body(asked)
        if case.upload is not None:
            # By hand, since the test client leaves its own temporary files open.
            content["data"] = _FRAME + case.upload(asked) + b"\r\n--x--\r\n"
            content["content_type"] = "multipart/form-data; boundary=x"
        return content


def _phone(person_id: int) -> bytes:
    return session.get_one(PersonDetail, person_id).opened("phone").encode()


def _traits(answer: TestResponse) -> tuple[int, bytes, list[tuple[str, str]]]:
    """All that a client sees of an answer."""
    return answer.status_code, answer.data, sorted(answer.headers.items())

"""Each refusal of each endpoint, and each audited act, is a line in the security log without content."""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.kernel import audit, http
from app.kernel.http import App
from tests.permissions.actors import ROLES, Cast, undone
from tests.permissions.cases import CASES, PARTS
from tests.permissions.expected import EXPECTED
from tests.permissions.runner import ALLOWED, BARRED, REFUSED, Case, _Prober
from tests.security_lines import SecurityLines

STATUS = {REFUSED: 401, BARRED: 403}
KNOWN = {"time", "logger", "event", "person", "system", "address", "request_id"}
REFUSAL = KNOWN | {"status", "code", "endpoint"}
ACT = KNOWN | {"subject", "unit", "fields", "channel"}


@pytest.fixture
def log(app: App, cast: Cast) -> SecurityLines:
    """The log of the program under test."""
    return SecurityLines(app)


@pytest.fixture
def audited(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The acts that are audited meanwhile."""
    found: list[str] = []
    real: Callable[..., None] = audit.record

    def spy(actor: Any, action: str, *args: Any, **kwargs: Any) -> None:
        found.append(action)
        real(actor, action, *args, **kwargs)

    for module in _modules_with(real):
        monkeypatch.setattr(module, "record", spy)
    return found


def _modules_with(real: object) -> Iterator[Any]:
    """The audit itself, and modules that have taken the function by name."""
    for name, module in list(sys.modules.items()):
        if name.startswith("app.") and getattr(module, "record", None) is real:
            yield module


def secrets_of(cast: Cast) -> list[str]:
    """What no line may hold: names, phones and tokens of everybody, passwords of the cases."""
    people = [f"测{key}" for key in cast.world.ids]
    phones = ["1390000", "1370000", "13655550009"]
    return [*people, *phones, *cast.tokens.values(), "winter-lantern-42", "summer-river-77"]


def wrong_with(
    case: Case, answer: TestResponse, lines: list[dict[str, Any]], who: int | None
) -> str:
    """What is wrong with the lines of one refused request; "" if nothing is."""
    (line,) = lines if len(lines) == 1 else ({"event": f"{len(lines)} lines"},)
    body = answer.get_json()
    wanted = ("refused", answer.status_code, body["code"], case.endpoint, who, "probe", "127.0.0.1")
    names = ("event", "status", "code", "endpoint", "person", "request_id", "address")
    found = tuple(line.get(name) for name in names)
    return "" if found == wanted else f"{case.name}: {found} instead of {wanted}"


def refusals(cast: Cast, app: App, case: Case, log: SecurityLines) -> tuple[int, list[str]]:
    """Asks a case as nobody and as a barred role; how many were refused, and what is wrong."""
    prober, faults, asked = _Prober(cast, app, case), [], 0
    with undone():
        values = case.arrange(cast.world)
        for letter, status in STATUS.items():
            if letter not in EXPECTED[case.name][0]:
                continue
            key = cast.key("own", ROLES[EXPECTED[case.name][0].index(letter)])
            log.new()
            answer = prober._send(values, key)
            assert answer.status_code == status, (case.name, answer.get_json())
            lines = log.new()
            faults.append(wrong_with(case, answer, lines, cast.world.ids[key] if key else None))
            faults += [f"{case.name}: {line}" for line in lines if leaks(cast, line, REFUSAL)]
            asked += 1
    return asked, [fault for fault in faults if fault]


def leaks(cast: Cast, line: dict[str, Any], names: set[str]) -> bool:
    """Whether a line holds something that it must not hold; numbers of the path may be there."""
    text = json.dumps(line, ensure_ascii=False)
    odd = {name for name in line.keys() - names if type(line[name]) is not int}
    return bool(odd) or any(secret in text for secret in secrets_of(cast))


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_every_refusal_is_one_line(app: App, cast: Cast, log: SecurityLines, part: str) -> None:
    asked = 0
    for case in PARTS[part]:
        number, faults = refusals(cast, app, case, log)
        assert not faults, "\n".join(faults)
        asked += number
    assert asked >= len(PARTS[part]) / 2


def test_a_line_that_is_missing_is_found(
    app: App, cast: Cast, log: SecurityLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http.security, "note_answer", lambda _: None)
    case = next(case for case in CASES if case.name == "units.create_unit")
    asked, faults = refusals(cast, app, case, log)
    assert asked == len(faults) == 2


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_every_audited_act_is_one_line(
    app: App, cast: Cast, log: SecurityLines, audited: list[str], part: str
) -> None:
    """Each endpoint that writes, as the first role that it lets in."""
    for case in PARTS[part]:
        row = EXPECTED[case.name][0]
        prober = _Prober(cast, app, case)
        if prober.method == "GET" or ALLOWED not in row:
            continue
        with undone():
            values = case.arrange(cast.world)
            log.new()
            audited.clear()
            prober._send(values, cast.key("own", ROLES[row.index(ALLOWED)]))
            lines = log.new()
        written = [line["event"] for line in lines]
        assert [name for name in written if not name.startswith("session.")] == audited, case.name
        assert not [line for line in lines if leaks(cast, line, ACT)], case.name

"""For Schemathesis: who asks, and a check of our own."""

import itertools
import json
import os
import re
from datetime import datetime
from typing import Any

import requests
import schemathesis
from hypothesis import strategies as st

from app.kernel.schema import CODES, FIRST_YEAR, LAST_YEAR

ADDRESS, CODE = os.environ["FUZZ_ADDRESS"], os.environ["FUZZ_CODE"]
# What ends a log-in or a person: asked by somebody new each time, so that the others go on.
ENDING = (
    "DELETE /api/v1/me",
    "DELETE /api/v1/sessions/current",
    "DELETE /api/v1/sessions/{session_id}",
    "PUT /api/v1/me/password",
    "POST /api/v1/people/{person_id}/erase",
)
# What a schema refuses and JSON Schema could only say at length.
BETWEEN_FIELDS = (
    "纬度和经度要一起填。",
    "请填写替谁下单：姓名和电话。",
    "结束的时间要在开始之后。",
)
NUL = r"\u0000"
CHINESE = re.compile("[\u4e00-\u9fff]")
SHAPE_CODES = frozenset({"body.invalid", *CODES.values()})
# JSON Schema cannot bound a time; ours end where a change of zone could leave the calendar.
schemathesis.openapi.format(
    "date-time",
    st.datetimes(
        datetime(FIRST_YEAR + 1, 1, 1),  # noqa: DTZ001  # the zone is the next line's
        datetime(LAST_YEAR - 1, 1, 1),  # noqa: DTZ001  # the zone is the next line's
        timezones=st.timezones(),
    ).map(lambda moment: moment.isoformat(timespec="seconds")),
)
_newcomers = itertools.count(1)


def _token(code: str) -> str:
    answer = requests.post(f"{ADDRESS}/api/v1/sessions/wechat", json={"code": code}, timeout=60)
    answer.raise_for_status()
    return str(answer.json()["access_token"])


@schemathesis.auth().apply_to(name=list(ENDING))
class Newcomer:
    """Somebody of whom nothing is known yet."""

    def get(self, case: Any, context: Any) -> str:
        """A token of a new person."""
        return _token(f"demo-newcomer-{next(_newcomers)}")

    def set(self, case: Any, data: str, context: Any) -> None:
        """Sends it along."""
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.auth().skip_for(name=list(ENDING))
class Known:
    """The one whose code the test has given."""

    def get(self, case: Any, context: Any) -> str:
        """A token, kept by Schemathesis for some minutes."""
        return _token(CODE)

    def set(self, case: Any, data: str, context: Any) -> None:
        """Sends it along."""
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """5.0 is an integer to JSON Schema; no client sends it, and our schemas refuse it."""
    if isinstance(body, float) and body.is_integer():
        return int(body)
    if isinstance(body, dict):
        return {name: map_body(context, value) for name, value in body.items()}
    return [map_body(context, value) for value in body] if isinstance(body, list) else body


@schemathesis.check
def documented_shapes(ctx: Any, response: Any, case: Any) -> None:
    """What the document admits, no schema refuses: 422 for valid data must have a reason of meaning."""
    positive = case.meta is not None and case.meta.generation.mode.is_positive
    if positive and response.status_code == 422:
        # NUL is refused everywhere, also where the document leaves the content open.
        has_nul = NUL in json.dumps([case.body, dict(case.query)], default=str)
        excused = has_nul or any(text in response.text for text in BETWEEN_FIELDS)
        assert excused or response.json()["code"] not in SHAPE_CODES, response.text


@schemathesis.check
def chinese_refusals(ctx: Any, response: Any, case: Any) -> None:
    """Whatever is said about a refusal is said in Chinese."""
    if response.status_code >= 400:
        body = response.json()
        for text in (body["detail"], *_leaves(body.get("errors", {}))):
            assert CHINESE.search(text), response.text


def _leaves(errors: Any) -> list[str]:
    if isinstance(errors, str):
        return [errors]
    inner = errors.values() if isinstance(errors, dict) else errors
    return [text for value in inner for text in _leaves(value)]

"""Writes a bulletin: a sentence, then tables; each number is a link to its orders; pure functions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.deadlines.computing.states import LATE_WORDS, STAGE_WORDS, LateReason, Stage
from app.kernel.clock import to_local
from app.reports.states import WITHOUT_REASON, BulletinKind, Counted

Content = Mapping[str, Any]
KIND_WORDS = {BulletinKind.WEEKLY: "周通报", BulletinKind.MONTHLY: "月通报"}
UNEXPLAINED = "未填原因"
_LAST = {BulletinKind.WEEKLY: "上周", BulletinKind.MONTHLY: "上月"}
_OUTCOMES = (
    Counted.DUE,
    Counted.ON_TIME,
    Counted.REFUSED,
    Counted.MET_LATE,
    Counted.OPEN_LATE,
    Counted.ENDED_LATE,
)
_SHARES = (
    ("首次响应及时", "response", Counted.RESPONDED, Counted.RESPONSE_DUE),
    ("居民说解决了", "solved", Counted.SOLVED, Counted.RATED),
    ("居民满意", "satisfied", Counted.SATISFIED, Counted.JUDGED),
    ("办结前重办过", "reopened", Counted.REOPENED, Counted.CLOSED),
)
_COUNTS = (
    ("无人评价而办结", "unanswered", Counted.UNANSWERED),
    ("居民未认可而办结", "not_recognised", Counted.NOT_RECOGNISED),
)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of text; a number has the address of the list of the orders that it counts."""

    text: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table: its name and its cells."""

    name: str
    cells: tuple[Part, ...]


def title_of(content: Content) -> str:
    """The title of a bulletin in Chinese, such as 东风社区周通报（11月16日至11月22日）."""
    since, until = (date.fromisoformat(content[end]) for end in ("since", "until"))
    days = f"{since.month}月{since.day}日至{until.month}月{until.day}日"
    return f"{content['unit']['name']}{KIND_WORDS[BulletinKind(content['kind'])]}（{days}）"


def sentence_of(content: Content) -> str:
    """The main sentence in Chinese, such as 上周到期23件，按时21件，超期2件：1件等材料，1件未填原因。"""
    return "".join(part.text for part in _sentence(content))


def page_of(content: Content, made_at: datetime) -> str:
    """The HTML page for phone and printer; it has no scripts and loads nothing from other addresses."""
    units = content["units"]
    return _TEMPLATE.render(
        title=title_of(content),
        sentence=_sentence(content),
        stages=[_stage(content, row) for row in content["stages"]],
        # With a single unit this table would repeat the numbers of the table of stages.
        units=[_unit(content, row) for row in units] if len(units) > 1 else [],
        reasons=[_reason(content, row) for row in content["reasons"]],
        answers=[*_answers(content)],
        made_at=f"{to_local(made_at):%Y-%m-%d %H:%M}",
    )


def _sentence(content: Content) -> list[Part]:
    solve = next((row for row in content["stages"] if row["stage"] == Stage.SOLVE), None)
    last = _LAST[BulletinKind(content["kind"])]
    if solve is None:
        return [Part(f"{last}没有到期的工单。")]
    parts = [Part(f"{last}到期"), _number(content, solve["due"], Counted.DUE), Part("件，按时")]
    parts += [_number(content, solve["on_time"], Counted.ON_TIME), Part("件")]
    if solve["refused"]:
        parts += [Part("，办了但居民没有认可"), _number(content, solve["refused"], Counted.REFUSED)]
        parts.append(Part("件"))
    if solve["late"]:
        parts += [Part("，超期"), _number(content, solve["late"], Counted.LATE), Part("件：")]
        parts += _why(content)
    return [*parts, Part("。")]


def _why(content: Content) -> Iterable[Part]:
    mark = ""
    for row in content["reasons"]:
        if row["stage"] != Stage.SOLVE:
            continue
        why = row["reason"] or WITHOUT_REASON
        yield Part(mark)
        yield _number(content, row["count"], Counted.LATE, late_reason=why)
        yield Part(f"件{_reason_word(row)}")
        mark = "，"


def _reason_word(row: Mapping[str, Any]) -> str:
    return LATE_WORDS[LateReason(row["reason"])] if row["reason"] else UNEXPLAINED


def _stage(content: Content, row: Mapping[str, Any]) -> Line:
    stage = row["stage"]
    numbers = [_number(content, row[counted], counted, stage=stage) for counted in _OUTCOMES]
    times = (_spoken(row["used_minutes"]), _left(row["left_minutes"]))
    return Line(STAGE_WORDS[Stage(stage)], (*numbers, _share(row), *map(Part, times)))


def _unit(content: Content, row: Mapping[str, Any]) -> Line:
    own = {"own": "true"} if row["unit_id"] == content["unit"]["id"] else {}
    numbers = [
        _number(content, row[counted], counted, unit_id=row["unit_id"], **own)
        for counted in _OUTCOMES
    ]
    name = f"{row['name']}（本级）" if own else row["name"]
    return Line(name, (*numbers, _share(row)))


def _reason(content: Content, row: Mapping[str, Any]) -> Line:
    why = {"stage": row["stage"], "late_reason": row["reason"] or WITHOUT_REASON}
    number = _number(content, row["count"], Counted.LATE, **why)
    return Line(STAGE_WORDS[Stage(row["stage"])], (Part(_reason_word(row)), number))


def _answers(content: Content) -> Iterable[Line]:
    for name, key, counted, whole in _SHARES:
        share = content[key]
        numbers = (
            _number(content, share["count"], counted),
            _number(content, share["of"], whole),
        )
        yield Line(name, (*numbers, Part(_percent(share["rate"], share["is_ranked"]))))
    for name, key, counted in _COUNTS:
        yield Line(name, (_number(content, content[key], counted), Part(""), Part("")))


def _number(content: Content, number: int, counted: Counted, **more: Any) -> Part:
    """The number with a link to its orders; zero gets no link."""
    if not number:
        return Part("0")
    query = {"unit_id": content["unit"]["id"], "period": content["name"], "counted": counted.value}
    return Part(str(number), f"/api/v1/reports/orders?{urlencode(query | more)}")


def _share(row: Mapping[str, Any]) -> Part:
    return Part(_percent(row["rate"], row["is_ranked"]))


def _percent(rate: float | None, is_ranked: bool) -> str:
    """The rate in per cent; a dash for fewer than ten orders, where a rate says little."""
    return f"{rate:.1%}" if rate is not None and is_ranked else "—"


def _spoken(minutes: int | None) -> str:
    if minutes is None:
        return "—"
    hours, rest = divmod(minutes, 60)
    return f"{hours}小时{rest}分" if hours else f"{rest}分"


def _left(minutes: int | None) -> str:
    if minutes is None or minutes >= 0:
        return _spoken(minutes)
    return f"超{_spoken(-minutes)}"


_TEMPLATE = Environment(
    loader=FileSystemLoader(Path(__file__).parents[1] / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
).get_template("bulletin.html")

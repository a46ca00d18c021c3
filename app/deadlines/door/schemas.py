"""The schemas of policies, previews, the calendar and reminders that failed."""

from typing import Any

from marshmallow import fields, validate

from app.deadlines.computing.rules import URGENCIES
from app.deadlines.computing.states import CalendarKind, DayKind, Level, Stage
from app.deadlines.days.special import LONGEST_NAME, DayChange
from app.kernel.http import Identifier, Moment, Schema, Text
from app.kernel.pages import PageArgs

YEAR_DAYS = 366
YEAR_MINUTES = YEAR_DAYS * 24 * 60
NORMAL = "normal"


def _whole(most: int, **options: Any) -> fields.Integer:
    least = options.pop("least", 1)
    return fields.Integer(strict=True, validate=validate.Range(min=least, max=most), **options)


def _clock() -> fields.String:
    return fields.String(
        required=True,
        validate=validate.Regexp(
            r"\A([01][0-9]|2[0-3]):[0-5][0-9]\Z", error="时间要写成 22:00 的样子。"
        ),
    )


# --- requests. Fields have no defaults, so that a row keeps only what the request says.


class TimeIn(Schema):
    """A target: minutes, days or the same day, and its calendar."""

    calendar = fields.Enum(CalendarKind, by_value=True)
    minutes = _whole(YEAR_MINUTES)
    days = _whole(YEAR_DAYS)
    same_day = fields.Boolean()


class NightIn(Schema):
    """The minutes for a stage that starts between two local times."""

    since = _clock()
    until = _clock()
    minutes = _whole(YEAR_MINUTES, required=True)


class StepIn(Schema):
    """A step of a ladder; without minutes or days it comes at the date itself."""

    level = fields.Enum(Level, by_value=True, required=True)
    calendar = fields.Enum(CalendarKind, by_value=True)
    minutes = _whole(YEAR_MINUTES, least=0)
    days = _whole(YEAR_DAYS)


class StageIn(TimeIn):
    """The rule of a stage; without a target the stage has no date."""

    stage = fields.Enum(Stage, by_value=True, required=True)
    urgent = fields.Nested(TimeIn)
    emergency = fields.Nested(TimeIn)
    night = fields.Nested(NightIn)
    shares = fields.List(_whole(99), validate=validate.Length(min=1, max=5))
    ladder = fields.List(fields.Nested(StepIn), validate=validate.Length(min=1, max=len(Level)))


def _stages(**options: Any) -> fields.List[Any]:
    return fields.List(
        fields.Nested(StageIn), validate=validate.Length(min=1, max=len(Stage)), **options
    )


class PolicyIn(Schema):
    """A new version of a policy."""

    unit_id = Identifier(
        load_default=None,
        allow_none=True,
        metadata={"description": "只在这个单位和下级收紧；不填是全体的规则"},
    )
    name = Text(load_default=None, allow_none=True, longest=40, shortest=1)
    stages = _stages(required=True)
    note = Text(load_default="", longest=300)
    based_on = Identifier(
        required=True,
        allow_none=True,
        metadata={"description": "改的是哪一版；第一版填 null"},
    )


class UnitQuery(Schema):
    """The unit at which policies hold."""

    unit_id = Identifier(
        load_default=None, strict=False, metadata={"description": "不填就是自己的单位"}
    )


class OwnUnitQuery(Schema):
    """The unit whose tightening ends."""

    unit_id = Identifier(required=True, strict=False)


class RecomputationsQuery(PageArgs):
    """The unit that recomputations concern, and the page."""

    unit_id = Identifier(load_default=None, strict=False)


class PauseIn(Schema):
    """A pause; without an end it lasts."""

    since = Moment(required=True, data_key="from")
    until = Moment(load_default=None, allow_none=True, data_key="to")


# The time at which a stage was met, by the name of the stage.
MetAtIn = Schema.from_dict({stage.value: Moment() for stage in Stage}, name="MetAtIn")


class PreviewIn(Schema):
    """A published policy, or stages that are not published."""

    policy = Text(load_default=None, allow_none=True, longest=32, shortest=1)
    stages = _stages(load_default=None, allow_none=True)
    unit_id = Identifier(load_default=None, allow_none=True)
    urgency = fields.String(load_default=NORMAL, validate=validate.OneOf(URGENCIES))
    start = Moment(required=True)
    pauses = fields.List(
        fields.Nested(PauseIn), load_default=list, validate=validate.Length(max=50)
    )
    met_at = fields.Nested(
        MetAtIn,
        load_default=None,
        allow_none=True,
        metadata={"description": "各环节的完成时间；填了就算出用了多久、还剩多久、是否超期"},
    )


def _name() -> Text:
    return Text(load_default="", longest=LONGEST_NAME)


class DayIn(Schema):
    """The kind of a day; `normal` is like its weekday."""

    kind = fields.String(
        required=True, validate=validate.OneOf([*(kind.value for kind in DayKind), NORMAL])
    )
    name = _name()


class SpecialDayIn(Schema):
    """A special day in a list."""

    day = fields.Date(required=True)
    kind = fields.Enum(DayKind, by_value=True, required=True)
    name = _name()


class CalendarIn(Schema):
    """All special days of a year: announced, as a list, or as a table."""

    source = fields.String(
        load_default=None, allow_none=True, validate=validate.OneOf(["chinesecalendar", None])
    )
    days = fields.List(
        fields.Nested(SpecialDayIn),
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=YEAR_DAYS),
    )
    csv = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=50_000),
        metadata={"description": "表格文字，列为 日期、类别（放假或上班）、名称"},
    )
    dry_run = fields.Boolean(load_default=False, metadata={"description": "只看有什么变化，不改"})


# --- answers


class TimeOut(Schema):
    """The target of one urgency; one of minutes, days and same_day is set."""

    urgency = fields.String(required=True, validate=validate.OneOf(URGENCIES))
    urgency_name = fields.String(required=True)
    calendar = fields.Enum(CalendarKind, by_value=True, required=True)
    minutes = fields.Integer(required=True, allow_none=True)
    days = fields.Integer(required=True, allow_none=True)
    same_day = fields.Boolean(required=True)
    text = fields.String(required=True)


class NightOut(Schema):
    """The minutes for what starts at night; times are local."""

    since = fields.String(required=True)
    until = fields.String(required=True)
    minutes = fields.Integer(required=True)
    text = fields.String(required=True)


class StepOut(Schema):
    """A step of a ladder."""

    level = fields.Enum(Level, by_value=True, required=True)
    level_name = fields.String(required=True)
    calendar = fields.Enum(CalendarKind, by_value=True, required=True)
    minutes = fields.Integer(required=True, allow_none=True)
    days = fields.Integer(required=True, allow_none=True)
    text = fields.String(required=True)


class StageOut(Schema):
    """The rule of a stage that holds; null for shares or ladder means the usual ones."""

    stage = fields.Enum(Stage, by_value=True, required=True)
    name = fields.String(required=True)
    set_by_unit_id = fields.Integer(
        required=True, allow_none=True, metadata={"description": "哪个单位收紧的；null 是全体的"}
    )
    times = fields.List(fields.Nested(TimeOut), required=True)
    night = fields.Nested(NightOut, required=True, allow_none=True)
    shares = fields.List(fields.Integer(), required=True, allow_none=True)
    ladder = fields.List(fields.Nested(StepOut), required=True, allow_none=True)


class PolicyOut(Schema):
    """A policy as it holds at a unit."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    unit_id = fields.Integer(required=True)
    current_id = fields.Integer(required=True, metadata={"description": "全体的现行版本"})
    own_id = fields.Integer(
        required=True, allow_none=True, metadata={"description": "这个单位自己收紧的现行版本"}
    )
    stages = fields.List(fields.Nested(StageOut), required=True)


class PoliciesOut(Schema):
    """All policies; there is only one page."""

    items = fields.List(fields.Nested(PolicyOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class VersionOut(Schema):
    """One version of a policy, as it was published."""

    id = fields.Integer(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    unit_id = fields.Integer(required=True, allow_none=True)
    stages = fields.List(fields.Dict(), required=True)
    note = fields.String(required=True)
    created_at = Moment(required=True)
    created_by_id = fields.Integer(required=True, allow_none=True)
    superseded_at = Moment(required=True, allow_none=True)


class PolicyWithVersionsOut(PolicyOut):
    """A policy with its versions, the newest first."""

    versions = fields.List(fields.Nested(VersionOut), required=True)


class _Zoned(fields.AwareDateTime):
    """A moment in the unit's time zone."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", **kwargs)


class RungOut(Schema):
    """A step of a ladder with its moment."""

    step = fields.String(required=True)
    level = fields.Enum(Level, by_value=True, required=True)
    level_name = fields.String(required=True)
    at = _Zoned(required=True)
    text = fields.String(required=True)


class ForeseenOut(Schema):
    """A stage of a preview; the date is null without a target and during a pause."""

    stage = fields.Enum(Stage, by_value=True, required=True)
    name = fields.String(required=True)
    target_minutes = fields.Integer(required=True, allow_none=True)
    due_at = _Zoned(required=True, allow_none=True)
    ladder = fields.List(fields.Nested(RungOut), required=True)
    # These three are left out if the request had no `met_at`.
    used_minutes = fields.Integer(
        allow_none=True,
        attribute="spent.used_minutes",
        metadata={"description": "完成时用去的分钟（按该环节的日历，不含暂停）；有 met_at 才有"},
    )
    left_minutes = fields.Integer(
        allow_none=True,
        attribute="spent.left_minutes",
        metadata={"description": "完成时还剩的分钟；超期为负数"},
    )
    overdue = fields.Boolean(
        allow_none=True,
        attribute="spent.overdue",
        metadata={"description": "完成时是否已经超期；没有填完成时间的环节为空"},
    )


class PreviewOut(Schema):
    """A preview of all stages; times are in the unit's zone."""

    unit_id = fields.Integer(required=True)
    zone = fields.String(required=True)
    stages = fields.List(fields.Nested(ForeseenOut), required=True)


class RecomputationOut(Schema):
    """How far a recomputation has come; numbers count subjects."""

    id = fields.Integer(required=True)
    reason = fields.String(required=True)
    policy = fields.String(required=True, allow_none=True)
    total = fields.Integer(required=True)
    done = fields.Integer(required=True)
    created_at = Moment(required=True)
    created_by_id = fields.Integer(required=True, allow_none=True)
    finished_at = Moment(required=True, allow_none=True)


class SpecialDayOut(Schema):
    """A day that differs from its weekday."""

    day = fields.Date(required=True)
    kind = fields.Enum(DayKind, by_value=True, required=True)
    name = fields.String(required=True)
    source = fields.String(required=True)
    text = fields.String(required=True)


class CalendarOut(Schema):
    """The special days of a year."""

    year = fields.Integer(required=True)
    confirmed = fields.Boolean(
        required=True, metadata={"description": "放假安排已经公布；否则只有固定的节日，是暂定的"}
    )
    days = fields.List(fields.Nested(SpecialDayOut), required=True)


class DifferenceOut(Schema):
    """A day that differs between two lists."""

    day = fields.Date(required=True)
    change = fields.Enum(DayChange, by_value=True, required=True)
    text = fields.String(required=True)


class CalendarReportOut(Schema):
    """The changes of a year, and how many running deadlines are computed again."""

    year = fields.Integer(required=True)
    dry_run = fields.Boolean(required=True)
    summary = fields.String(required=True)
    differences = fields.List(fields.Nested(DifferenceOut), required=True)
    running = fields.Integer(required=True)

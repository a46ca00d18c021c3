"""Shapes of policies, previews and the calendar."""

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


# --- what comes in; left out is left out, so that rows hold what was said and no more


class TimeIn(Schema):
    """A length by a calendar: minutes, days, or the rest of the day."""

    calendar = fields.Enum(CalendarKind, by_value=True)
    minutes = _whole(YEAR_MINUTES)
    days = _whole(YEAR_DAYS)
    same_day = fields.Boolean()


class NightIn(Schema):
    """Other minutes for what starts between these local times."""

    since = _clock()
    until = _clock()
    minutes = _whole(YEAR_MINUTES, required=True)


class StepIn(Schema):
    """A rung of the ladder; without a time it is at once."""

    level = fields.Enum(Level, by_value=True, required=True)
    calendar = fields.Enum(CalendarKind, by_value=True)
    minutes = _whole(YEAR_MINUTES, least=0)
    days = _whole(YEAR_DAYS)


class StageIn(TimeIn):
    """A stage; without a time it has no date."""

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
    """At which unit."""

    unit_id = Identifier(
        load_default=None, strict=False, metadata={"description": "不填就是自己的单位"}
    )


class OwnUnitQuery(Schema):
    """Whose tightening."""

    unit_id = Identifier(required=True, strict=False)


class RecomputationsQuery(PageArgs):
    """Which recomputations."""

    unit_id = Identifier(load_default=None, strict=False)


class PauseIn(Schema):
    """From when until when it stands still; without an end it still does."""

    since = Moment(required=True, data_key="from")
    until = Moment(load_default=None, allow_none=True, data_key="to")


# When each stage was met, by its name.
MetAtIn = Schema.from_dict({stage.value: Moment() for stage in Stage}, name="MetAtIn")


class PreviewIn(Schema):
    """A policy, or stages that nobody has published yet."""

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
    """What a day is; `normal`: as its weekday says."""

    kind = fields.String(
        required=True, validate=validate.OneOf([*(kind.value for kind in DayKind), NORMAL])
    )
    name = _name()


class SpecialDayIn(Schema):
    """A day of a list."""

    day = fields.Date(required=True)
    kind = fields.Enum(DayKind, by_value=True, required=True)
    name = _name()


class CalendarIn(Schema):
    """A whole year: as announced, a list, or a table."""

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


# --- what goes out


class TimeOut(Schema):
    """The time of one urgency; of minutes, days and same_day one is said."""

    urgency = fields.String(required=True, validate=validate.OneOf(URGENCIES))
    urgency_name = fields.String(required=True)
    calendar = fields.Enum(CalendarKind, by_value=True, required=True)
    minutes = fields.Integer(required=True, allow_none=True)
    days = fields.Integer(required=True, allow_none=True)
    same_day = fields.Boolean(required=True)
    text = fields.String(required=True)


class NightOut(Schema):
    """Other minutes at night, in local time."""

    since = fields.String(required=True)
    until = fields.String(required=True)
    minutes = fields.Integer(required=True)
    text = fields.String(required=True)


class StepOut(Schema):
    """A rung of the ladder."""

    level = fields.Enum(Level, by_value=True, required=True)
    level_name = fields.String(required=True)
    calendar = fields.Enum(CalendarKind, by_value=True, required=True)
    minutes = fields.Integer(required=True, allow_none=True)
    days = fields.Integer(required=True, allow_none=True)
    text = fields.String(required=True)


class StageOut(Schema):
    """A stage as it holds; shares and ladder null: the usual ones."""

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
    """All policies on one page."""

    items = fields.List(fields.Nested(PolicyOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class VersionOut(Schema):
    """One version, in the form in which it was published."""

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
    """A moment as the unit's clocks show it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", **kwargs)


class RungOut(Schema):
    """A step of the ladder in time."""

    step = fields.String(required=True)
    level = fields.Enum(Level, by_value=True, required=True)
    level_name = fields.String(required=True)
    at = _Zoned(required=True)
    text = fields.String(required=True)


class ForeseenOut(Schema):
    """When a stage would be due; null: it has no date, or stands still."""

    stage = fields.Enum(Stage, by_value=True, required=True)
    name = fields.String(required=True)
    target_minutes = fields.Integer(required=True, allow_none=True)
    due_at = _Zoned(required=True, allow_none=True)
    ladder = fields.List(fields.Nested(RungOut), required=True)
    # Left out where no `met_at` was sent.
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
    """All stages; times in the unit's zone."""

    unit_id = fields.Integer(required=True)
    zone = fields.String(required=True)
    stages = fields.List(fields.Nested(ForeseenOut), required=True)


class RecomputationOut(Schema):
    """How far computing again has come, in subjects."""

    id = fields.Integer(required=True)
    reason = fields.String(required=True)
    policy = fields.String(required=True, allow_none=True)
    total = fields.Integer(required=True)
    done = fields.Integer(required=True)
    created_at = Moment(required=True)
    created_by_id = fields.Integer(required=True, allow_none=True)
    finished_at = Moment(required=True, allow_none=True)


class SpecialDayOut(Schema):
    """A day that is not what its weekday says."""

    day = fields.Date(required=True)
    kind = fields.Enum(DayKind, by_value=True, required=True)
    name = fields.String(required=True)
    source = fields.String(required=True)
    text = fields.String(required=True)


class CalendarOut(Schema):
    """A year."""

    year = fields.Integer(required=True)
    confirmed = fields.Boolean(
        required=True, metadata={"description": "放假安排已经公布；否则只有固定的节日，是暂定的"}
    )
    days = fields.List(fields.Nested(SpecialDayOut), required=True)


class DifferenceOut(Schema):
    """A day that differs."""

    day = fields.Date(required=True)
    change = fields.Enum(DayChange, by_value=True, required=True)
    text = fields.String(required=True)


class CalendarReportOut(Schema):
    """What changes, and how many running deadlines are computed again."""

    year = fields.Integer(required=True)
    dry_run = fields.Boolean(required=True)
    summary = fields.String(required=True)
    differences = fields.List(fields.Nested(DifferenceOut), required=True)
    running = fields.Integer(required=True)

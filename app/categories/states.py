"""Urgency and its paces, kinds of questions, pictures asked for, names of deadline policies."""

from enum import StrEnum
from typing import Protocol


class Urgency(StrEnum):
    """一般, 紧急, 特急 (danger to life or property)."""

    NORMAL = "normal"
    URGENT = "urgent"
    EMERGENCY = "emergency"


URGENCY_RANK = (Urgency.NORMAL, Urgency.URGENT, Urgency.EMERGENCY)


class NeedsPhoto(StrEnum):
    """When a picture is asked for: never, when the order is placed, or when it is completed."""

    NONE = "none"
    BEFORE = "before"
    AFTER = "after"


class QuestionKind(StrEnum):
    """What an answer is: words, a number, one of the choices, some of them, or a day."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    CHOICES = "choices"
    DATE = "date"


POLICIES: dict[str, str] = {
    "danger": "危险情况",
    "utilities": "水电气暖和电梯",
    "ordinary_13710": "13710",
    "complex_15d": "复杂事项十五天",
    "mediation_15d": "调解十五天",
    "sanitation": "环境卫生",
    "care": "助老助残",
    "medicine_same_day": "当天取药",
    "relief_24h": "临时救助",
    "affairs": "代办和便民",
    "enquiry": "当天答复",
    "general_7d": "七个工作日",
    "complaint_15d": "投诉十五天",
}

FLAGS = (
    "check_before_answer",
    "green_channel",
    "public_place",
    "sensitive",
    "two_people",
    "vetted_only",
    "no_cash",
    "home_visit",
    "staff_only",
    "to_unit_above",
)

ACCEPT_MINUTES = {Urgency.EMERGENCY: 10, Urgency.URGENT: 2 * 60, Urgency.NORMAL: 12 * 60}
STALE_MINUTES = {Urgency.EMERGENCY: 30, Urgency.URGENT: 4 * 60, Urgency.NORMAL: 24 * 60}
POOL_MINUTES = {Urgency.EMERGENCY: 10, Urgency.URGENT: 60, Urgency.NORMAL: 24 * 60}
OUTDOOR_RADIUS_M = 150

_RANK = (Urgency.NORMAL, Urgency.URGENT, Urgency.EMERGENCY)


class Paced(Protocol):
    """What the paces are read from: a category."""

    urgency: Urgency
    accept_minutes: int | None
    stale_minutes: int | None
    pool_minutes: int | None


def accept_minutes(category: Paced | None, urgency: Urgency | None = None) -> int:
    """How long a direct offer waits for its answer.

    For this and the two below: without a category the order is a normal one; the category's own
    figure wins over the urgency's; an `urgency` that staff have raised above the category's never
    gets more time than that urgency has.
    """
    return _minutes(
        ACCEPT_MINUTES, category, category.accept_minutes if category else None, urgency
    )


def stale_minutes(category: Paced | None, urgency: Urgency | None = None) -> int:
    """How long a claimed order may stand without a sign of life."""
    return _minutes(STALE_MINUTES, category, category.stale_minutes if category else None, urgency)


def pool_minutes(category: Paced | None, urgency: Urgency | None = None) -> int:
    """How long an order stays in the pool before the dispatcher gets it back."""
    return _minutes(POOL_MINUTES, category, category.pool_minutes if category else None, urgency)


def _minutes(
    defaults: dict[Urgency, int],
    category: Paced | None,
    own: int | None,
    urgency: Urgency | None,
) -> int:
    usual = category.urgency if category else Urgency.NORMAL
    minutes = defaults[usual] if own is None else own
    if urgency is not None and _RANK.index(urgency) > _RANK.index(usual):
        return min(minutes, defaults[urgency])
    return minutes

"""Urgency and its times, kinds of questions, when pictures are needed, names of deadline policies."""

from enum import StrEnum
from typing import Protocol


class Urgency(StrEnum):
    """The urgency of an order: 一般、紧急、特急 (danger to life or property)."""

    NORMAL = "normal"
    URGENT = "urgent"
    EMERGENCY = "emergency"


URGENCY_RANK = (Urgency.NORMAL, Urgency.URGENT, Urgency.EMERGENCY)


class NeedsPhoto(StrEnum):
    """When a picture is needed: never, when the order is placed, or when it is completed."""

    NONE = "none"
    BEFORE = "before"
    AFTER = "after"


class QuestionKind(StrEnum):
    """The kind of an answer: text, a number, one of the choices, several of them, or a day."""

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
    """The fields of a category from which the times are read."""

    urgency: Urgency
    accept_minutes: int | None
    stale_minutes: int | None
    pool_minutes: int | None


def accept_minutes(category: Paced | None, urgency: Urgency | None = None) -> int:
    """Returns how many minutes a direct offer waits for an answer.

    For this function and the two below: without a category the order counts as normal. The
    category's own figure goes before the one of its urgency. Where staff have raised `urgency`
    above the category's, there is never more time than that urgency allows.
    """
    return _minutes(
        ACCEPT_MINUTES, category, category.accept_minutes if category else None, urgency
    )


def stale_minutes(category: Paced | None, urgency: Urgency | None = None) -> int:
    """Returns how many minutes a claimed order may stay without any action of its handler.

    The category and `urgency` decide as in `accept_minutes`.
    """
    return _minutes(STALE_MINUTES, category, category.stale_minutes if category else None, urgency)


def pool_minutes(category: Paced | None, urgency: Urgency | None = None) -> int:
    """Returns how many minutes an order stays in the pool before the dispatcher gets it back.

    The category and `urgency` decide as in `accept_minutes`.
    """
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

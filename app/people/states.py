"""Kinds and states of people, registrations and limits; the skills; the messages of the room."""

from enum import StrEnum
from typing import Any

from app.kernel.messages import Template


class PersonKind(StrEnum):
    """The kind of a person in the community; it gives no rights, only roles do."""

    RESIDENT = "resident"
    MEMBER = "member"
    VOLUNTEER = "volunteer"
    GRID_WORKER = "grid_worker"
    STAFF = "staff"
    PROVIDER = "provider"


class PersonStatus(StrEnum):
    """The status of a person; the row of an erased person stays, without a name, for old orders."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    ERASED = "erased"


class RegistrationKind(StrEnum):
    """The place of a registration: where the member lives, works, or the own organisation (双报到)."""

    HOME = "home"
    WORK = "work"
    ORGANISATION = "organisation"


class RegistrationStatus(StrEnum):
    """The states of a registration (报到)."""

    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"
    ENDED = "ended"


class RegistrationAction(StrEnum):
    """The actions on a registration; TRANSITIONS says which action leads from where to where."""

    APPROVE = "approve"
    DECLINE = "decline"
    END = "end"


OPEN_REGISTRATIONS = (RegistrationStatus.PENDING, RegistrationStatus.APPROVED)

TRANSITIONS: dict[tuple[RegistrationStatus, RegistrationAction], RegistrationStatus] = {
    (RegistrationStatus.PENDING, RegistrationAction.APPROVE): RegistrationStatus.APPROVED,
    (RegistrationStatus.PENDING, RegistrationAction.DECLINE): RegistrationStatus.DECLINED,
    (RegistrationStatus.PENDING, RegistrationAction.END): RegistrationStatus.ENDED,
    (RegistrationStatus.APPROVED, RegistrationAction.END): RegistrationStatus.ENDED,
}

MAX_OPEN_REGISTRATIONS = 3

SKILLS = (
    "电工",
    "水工",
    "家电",
    "燃气",
    "维保",
    "物业",
    "保洁",
    "医护",
    "心理",
    "调解",
    "法律",
    "政策",
    "教育",
    "劳动",
    "理发",
    "文艺",
    "科技",
    "驾驶",
)


class GreenReason(StrEnum):
    """The reason why a person's orders go first (绿色通道); it is kept encrypted."""

    OLD_AND_ALONE = "old_and_alone"
    DISABLED = "disabled"
    LOW_INCOME = "low_income"


class LimitState(StrEnum):
    """The states of a limit: in force, appealed, upheld by the unit above, lifted."""

    IN_FORCE = "in_force"
    APPEALED = "appealed"
    UPHELD = "upheld"
    LIFTED = "lifted"


LIMIT_DAYS = (7, 30, 90)
MAX_AWAY_DAYS = 366

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_KINDS = ("workday", "rest_day")
DEFAULT_MESSAGE_WINDOW: dict[str, Any] = {
    "workday": [["12:00", "13:30"], ["17:30", "21:30"]],
    "rest_day": [["08:00", "21:30"]],
}

SEALED_FIELDS = ("name", "phone", "address", "green")

ERASED_NAME = "已注销"
NAMELESS = "未留姓名"

MESSAGES: dict[str, Template] = {
    "registration.approved": Template("报到已通过", "您在{unit}的报到已通过，现在可以接单了。"),
    "registration.declined": Template(
        "报到未通过", "您在{unit}的报到没有通过，请打开报到记录看原因，也可以致电社区。"
    ),
    "registration.ended": Template("报到已结束", "您在{unit}的报到已结束，谢谢您的付出。"),
    "role.granted": Template("您有了新的岗位", "您已担任{unit}的“{role}”。"),
    "role.ended": Template("岗位已结束", "您在{unit}的“{role}”岗位已结束。"),
    "person.limited": Template(
        "线上下单已暂停",
        "您的线上下单暂停{days}天。急事请打电话或到社区窗口，我们照常受理。如有不同意见，可以申诉。",
    ),
    "person.limit_lifted": Template("线上下单已恢复", "您又可以在手机上下单了。"),
    "person.limit_upheld": Template(
        "申诉结果", "上级看了您的申诉，决定维持原来的处理，到期自动恢复。"
    ),
    "person.offers_unblocked": Template("派单已恢复", "您又可以收到直接派给您的单子了。"),
}

"""Shapes of people, registrations, roles and limits; names and phones go out masked."""

from marshmallow import fields, validate

from app.kernel.http import Identifier, Moment, Schema, Text
from app.kernel.pages import PageArgs
from app.people.states import (
    LIMIT_DAYS,
    SEALED_FIELDS,
    SKILLS,
    GreenReason,
    LimitState,
    PersonKind,
    PersonStatus,
    RegistrationKind,
    RegistrationStatus,
)

_SKILL_LIST = {"description": "技能：" + "、".join(SKILLS)}
_HOURS = {
    "description": '每周空闲时间，如 {"mon": [["18:00", "21:00"]]}',
    "example": {"mon": [["18:00", "21:00"]]},
}


def _skills(*, required: bool = False) -> fields.List[str]:
    several = validate.Length(max=len(SKILLS))
    if required:
        return fields.List(fields.String(), required=True, validate=several, metadata=_SKILL_LIST)
    return fields.List(fields.String(), load_default=list, validate=several, metadata=_SKILL_LIST)


def _reason(*, required: bool = True) -> Text:
    if required:
        return Text(longest=500, shortest=2, required=True)
    return Text(longest=500, load_default="")


class NamedOut(Schema):
    """Something by its id and name."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)


class NamedPersonOut(Schema):
    """A person by id and masked name."""

    id = fields.Integer(required=True)
    name = fields.String(required=True, attribute="masked_name")


class ReasonIn(Schema):
    """A reason."""

    reason = _reason()


class OptionalReasonIn(Schema):
    """A reason, which staff must give."""

    reason = _reason(required=False)


# --- registrations


class RegistrationIn(Schema):
    """报到."""

    unit_id = Identifier(required=True)
    kind = fields.Enum(RegistrationKind, by_value=True, required=True)
    skills = _skills()
    employer = Text(longest=100, load_default=None, allow_none=True)
    availability = fields.Dict(
        keys=fields.String(),
        values=fields.Raw(allow_none=True),
        load_default=None,
        allow_none=True,
        metadata=_HOURS,
    )
    as_volunteer = fields.Boolean(
        load_default=False, metadata={"description": "不是党员，以志愿者身份报名"}
    )


class RegistrationQuery(PageArgs):
    """Filters of the registrations."""

    unit_id = Identifier(strict=False, load_default=None)
    status = fields.List(fields.Enum(RegistrationStatus, by_value=True), load_default=list)


class RegistrationOut(Schema):
    """A registration; the employer is shown to the person and the unit's staff."""

    id = fields.Integer(required=True)
    person = fields.Nested(NamedPersonOut, required=True)
    unit = fields.Nested(NamedOut, required=True)
    kind = fields.Enum(RegistrationKind, by_value=True, required=True)
    as_volunteer = fields.Boolean(required=True)
    skills = fields.List(fields.String(), required=True)
    employer = fields.String(required=True, allow_none=True, attribute="opened_employer")
    availability = fields.Dict(required=True, metadata=_HOURS)
    status = fields.Enum(RegistrationStatus, by_value=True, required=True)
    reason = fields.String(required=True)
    created_at = Moment(required=True)
    decided_at = Moment(required=True, allow_none=True)
    ended_at = Moment(required=True, allow_none=True)


# --- people


class PersonIn(Schema):
    """Someone to enter; a place decides the unit."""

    kind = fields.Enum(PersonKind, by_value=True, load_default=PersonKind.RESIDENT)
    name = Text(longest=50, shortest=1, required=True)
    phone = Text(longest=30, load_default=None, allow_none=True)
    address = Text(longest=200, load_default=None, allow_none=True)
    home_place_id = Identifier(load_default=None, allow_none=True)
    home_unit_id = Identifier(load_default=None, allow_none=True)
    skills = _skills()


class DetailIn(Schema):
    """What is sealed: only what is named here changes; null empties it."""

    name = Text(longest=50, shortest=1)
    phone = Text(longest=30, allow_none=True)
    address = Text(longest=200, allow_none=True)
    home_place_id = Identifier(allow_none=True)


class PersonEdit(Schema):
    """A person as a whole, but for what is sealed."""

    kind = fields.Enum(PersonKind, by_value=True, required=True)
    home_unit_id = Identifier(required=True, allow_none=True)
    skills = _skills(required=True)
    vetted = fields.Boolean(required=True)
    detail = fields.Nested(DetailIn, load_default=dict)


class PersonQuery(PageArgs):
    """Filters of the people."""

    unit_id = Identifier(strict=False, load_default=None)
    kind = fields.List(fields.Enum(PersonKind, by_value=True), load_default=list)
    status = fields.List(fields.Enum(PersonStatus, by_value=True), load_default=list)


class PhoneSearch(PageArgs):
    """A phone, exactly; in the body, since addresses are logged."""

    unit_id = Identifier(required=True)
    phone = Text(longest=30, shortest=1, required=True)


class PersonOut(Schema):
    """A person, masked."""

    id = fields.Integer(required=True)
    kind = fields.Enum(PersonKind, by_value=True, required=True)
    status = fields.Enum(PersonStatus, by_value=True, required=True)
    name = fields.String(required=True, attribute="masked_name")
    phone = fields.String(required=True, allow_none=True, attribute="masked_phone")
    has_address = fields.Boolean(required=True)
    home_unit = fields.Nested(NamedOut, required=True, allow_none=True)
    skills = fields.List(fields.String(), required=True)
    vetted = fields.Boolean(required=True)
    green = fields.Boolean(required=True)
    away_until = Moment(required=True, allow_none=True)
    offers_blocked_at = Moment(required=True, allow_none=True)
    desk_only_until = Moment(required=True, allow_none=True)
    created_at = Moment(required=True)
    version = fields.Integer(required=True)


class RevealIn(Schema):
    """What to open, and why."""

    fields_ = fields.List(
        fields.String(validate=validate.OneOf(SEALED_FIELDS)),
        required=True,
        data_key="fields",
        validate=validate.Length(min=1, max=len(SEALED_FIELDS)),
    )
    reason = _reason()


class GreenOut(Schema):
    """Why someone goes first, and how he or she agreed."""

    reasons = fields.List(fields.String(), required=True)
    consent = fields.String(required=True)


class RevealOut(Schema):
    """In clear, only what was asked for."""

    name = fields.String(allow_none=True)
    phone = fields.String(allow_none=True)
    address = fields.String(allow_none=True)
    green = fields.Nested(GreenOut, allow_none=True)


class GreenIn(Schema):
    """Reasons for the green channel; none takes it off."""

    reasons = fields.List(fields.Enum(GreenReason, by_value=True), required=True)
    consent = Text(longest=500, load_default="")


class LimitIn(Schema):
    """Phone and desk only, for some days."""

    days = fields.Integer(required=True, strict=True, validate=validate.OneOf(LIMIT_DAYS))
    reason = _reason()


class EraseIn(Schema):
    """Erasure; forced also while the person holds orders, which go back."""

    forced = fields.Boolean(load_default=False)
    reason = _reason()


# --- roles


class RoleOut(Schema):
    """A role and its permissions."""

    id = fields.Integer(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    permissions = fields.List(fields.String(), required=True)


class GrantIn(Schema):
    """A role to give."""

    role_code = Text(longest=40, shortest=1, required=True)
    unit_id = Identifier(required=True)
    since = Moment(load_default=None, allow_none=True)
    until = Moment(load_default=None, allow_none=True)


class RoleNameOut(Schema):
    """A role by its code and name."""

    code = fields.String(required=True)
    name = fields.String(required=True)


class GrantOut(Schema):
    """A role over a unit's subtree."""

    id = fields.Integer(required=True)
    person_id = fields.Integer(required=True)
    role = fields.Nested(RoleNameOut, required=True)
    unit = fields.Nested(NamedOut, required=True)
    since = Moment(required=True)
    until = Moment(required=True, allow_none=True)
    ended_at = Moment(required=True, allow_none=True)
    registration_id = fields.Integer(required=True, allow_none=True)


# --- limits


class LimitQuery(PageArgs):
    """Filters of the limits."""

    person_id = Identifier(strict=False, load_default=None)


class AppealIn(Schema):
    """Why the limit is wrong."""

    text = Text(longest=2000, shortest=2, required=True)


class AnswerIn(Schema):
    """What was decided, in words for the person."""

    answer = Text(longest=500, shortest=2, required=True)


class LimitOut(Schema):
    """A limit with its words, for the person and those who decide."""

    id = fields.Integer(required=True)
    person_id = fields.Integer(required=True)
    unit = fields.Nested(NamedOut, required=True)
    days = fields.Integer(required=True)
    state = fields.Enum(LimitState, by_value=True, required=True)
    since = Moment(required=True)
    until = Moment(required=True)
    reason = fields.String(required=True, attribute="opened_reason")
    appeal = fields.String(required=True, attribute="opened_appeal")
    answer = fields.String(required=True, attribute="opened_answer")


class AuditQuery(PageArgs):
    """Filters of the audit."""

    actor_id = Identifier(strict=False, load_default=None)
    action = Text(longest=100, load_default=None)
    subject_kind = Text(longest=50, load_default=None)
    subject_id = Identifier(strict=False, load_default=None)
    since = Moment(load_default=None)
    until = Moment(load_default=None)


class AuditOut(Schema):
    """Who did what to what, when and why; `fields` names what was opened, never its content."""

    id = fields.Integer(required=True)
    at = Moment(required=True)
    actor_id = fields.Integer(required=True, allow_none=True)
    actor_name = fields.String(required=True)
    action = fields.String(required=True)
    subject_kind = fields.String(required=True)
    subject_id = fields.Integer(required=True)
    unit_id = fields.Integer(required=True, allow_none=True)
    opened = fields.List(fields.String(), required=True, data_key="fields", attribute="fields")
    reason = fields.String(required=True)

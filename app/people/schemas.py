"""Schemas of people, registrations, roles, limits and the audit; names and phones go out masked."""

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
    """The id and the name of a unit."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)


class NamedPersonOut(Schema):
    """A person by id and masked name."""

    id = fields.Integer(required=True)
    name = fields.String(required=True, attribute="masked_name")


class ReasonIn(Schema):
    """A reason that must be given."""

    reason = _reason()


class OptionalReasonIn(Schema):
    """A reason that may be left out by the person, but not by staff."""

    reason = _reason(required=False)


# --- registrations


class RegistrationIn(Schema):
    """The form of a registration (报到)."""

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
    """Filters of the list of registrations."""

    unit_id = Identifier(strict=False, load_default=None)
    status = fields.List(fields.Enum(RegistrationStatus, by_value=True), load_default=list)


class RegistrationOut(Schema):
    """A registration; only the person and the unit's staff can read it."""

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
    """A new person; where a place is given, it decides the unit."""

    kind = fields.Enum(PersonKind, by_value=True, load_default=PersonKind.RESIDENT)
    name = Text(longest=50, shortest=1, required=True)
    phone = Text(longest=30, load_default=None, allow_none=True)
    address = Text(longest=200, load_default=None, allow_none=True)
    home_place_id = Identifier(load_default=None, allow_none=True)
    home_unit_id = Identifier(load_default=None, allow_none=True)
    skills = _skills()


class DetailIn(Schema):
    """The encrypted fields to change: a field left out stays as it is, null empties it."""

    name = Text(longest=50, shortest=1)
    phone = Text(longest=30, allow_none=True)
    address = Text(longest=200, allow_none=True)
    home_place_id = Identifier(allow_none=True)


class PersonEdit(Schema):
    """All fields of a person that are not encrypted; encrypted ones stand in `detail`."""

    kind = fields.Enum(PersonKind, by_value=True, required=True)
    home_unit_id = Identifier(required=True, allow_none=True)
    skills = _skills(required=True)
    vetted = fields.Boolean(required=True)
    detail = fields.Nested(DetailIn, load_default=dict)


class PersonQuery(PageArgs):
    """Filters of the list of people."""

    unit_id = Identifier(strict=False, load_default=None)
    kind = fields.List(fields.Enum(PersonKind, by_value=True), load_default=list)
    status = fields.List(fields.Enum(PersonStatus, by_value=True), load_default=list)


class PhoneSearch(PageArgs):
    """A full phone to search for; it is in the body because addresses of requests are logged."""

    unit_id = Identifier(required=True)
    phone = Text(longest=30, shortest=1, required=True)


class PersonOut(Schema):
    """A person with masked name and phone."""

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
    """The fields to open and the reason."""

    fields_ = fields.List(
        fields.String(validate=validate.OneOf(SEALED_FIELDS)),
        required=True,
        data_key="fields",
        validate=validate.Length(min=1, max=len(SEALED_FIELDS)),
    )
    reason = _reason()


class GreenOut(Schema):
    """The reasons for the green channel, and how the person agreed to it."""

    reasons = fields.List(fields.String(), required=True)
    consent = fields.String(required=True)


class RevealOut(Schema):
    """The fields that were asked for, in clear."""

    name = fields.String(allow_none=True)
    phone = fields.String(allow_none=True)
    address = fields.String(allow_none=True)
    green = fields.Nested(GreenOut, allow_none=True)


class GreenIn(Schema):
    """The reasons for the green channel; an empty list takes the person off it."""

    reasons = fields.List(fields.Enum(GreenReason, by_value=True), required=True)
    consent = Text(longest=500, load_default="")


class LimitIn(Schema):
    """A limit to phone and desk for some days, with its reason."""

    days = fields.Integer(required=True, strict=True, validate=validate.OneOf(LIMIT_DAYS))
    reason = _reason()


class EraseIn(Schema):
    """The erasure of a person; `forced` also where the person holds orders, which are then given back."""

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
    """The role to give, and the unit and time for which it holds."""

    role_code = Text(longest=40, shortest=1, required=True)
    unit_id = Identifier(required=True)
    since = Moment(load_default=None, allow_none=True)
    until = Moment(load_default=None, allow_none=True)


class RoleNameOut(Schema):
    """A role by its code and name."""

    code = fields.String(required=True)
    name = fields.String(required=True)


class GrantOut(Schema):
    """A role of a person over a unit's subtree."""

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
    """Filters of the list of limits."""

    person_id = Identifier(strict=False, load_default=None)


class AppealIn(Schema):
    """The person's words against the limit."""

    text = Text(longest=2000, shortest=2, required=True)


class AnswerIn(Schema):
    """The words of the decision, for the limited person."""

    answer = Text(longest=500, shortest=2, required=True)


class LimitOut(Schema):
    """A limit with its words in clear; only the person and those who decide can read it."""

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
    """One row of the audit; `fields` names the fields that were opened, never their content."""

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

"""Schemas of log-in, the own profile, consents and accounts."""

from marshmallow import fields, validate

from app.identity.states import Channel, Document
from app.kernel.http import Identifier, Moment, Schema, Text
from app.people.states import PersonKind


def _secret(longest: int = 200, *, required: bool = True) -> fields.String:
    # A password is taken exactly as it was typed, so it is not a `Text`, which trims blanks.
    return fields.String(
        required=required,
        load_only=True,
        validate=validate.Length(min=1, max=longest, error="长度不对。"),
    )


class CodeIn(Schema):
    """A code that the phone got from WeChat."""

    code = _secret()


class PasswordLoginIn(Schema):
    """User name and password; `otp` is needed where the account has a code generator."""

    username = Text(required=True, longest=100, shortest=1)
    password = _secret(1000)
    otp = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=60))


class RefreshIn(Schema):
    """The refresh token of the last answer."""

    refresh_token = _secret()


class UnitNameOut(Schema):
    """A unit by id and name."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)


class HeldRoleOut(Schema):
    """A role that the person holds over a unit and all units below it."""

    role = fields.String(required=True)
    name = fields.String(required=True)
    unit = fields.Nested(UnitNameOut, required=True)


class OwnRegistrationOut(Schema):
    """An own registration that is pending or approved."""

    id = fields.Integer(required=True)
    kind = fields.String(required=True)
    status = fields.String(required=True)
    unit = fields.Nested(UnitNameOut, required=True)


class HomePlaceOut(Schema):
    """The person's home place (我家)."""

    id = fields.Integer(required=True)
    full_name = fields.String(required=True)


class MeOut(Schema):
    """The profile for the person: the own name in full, the phone masked."""

    id = fields.Integer(required=True)
    kind = fields.Enum(PersonKind, by_value=True, required=True)
    name = fields.String(required=True)
    phone = fields.String(required=True, allow_none=True)
    username = fields.String(required=True, allow_none=True)
    roles = fields.List(fields.Nested(HeldRoleOut), required=True)
    registrations = fields.List(fields.Nested(OwnRegistrationOut), required=True)
    home_place = fields.Nested(HomePlaceOut, required=True, allow_none=True)
    home_unit = fields.Nested(UnitNameOut, required=True, allow_none=True)
    skills = fields.List(fields.String(), required=True)
    away_until = Moment(required=True, allow_none=True)
    message_window = fields.Dict(keys=fields.String(), required=True)
    must_change_password = fields.Boolean(required=True)
    consents_needed = fields.List(fields.Enum(Document, by_value=True), required=True)
    version = fields.Integer(required=True)


class SessionOut(Schema):
    """A new pair of tokens and the profile of the person that has logged in."""

    access_token = fields.String(required=True)
    expires_at = Moment(required=True)
    refresh_token = fields.String(required=True)
    person = fields.Nested(MeOut, required=True)


class OpenSessionOut(Schema):
    """One of the person's open sessions."""

    id = fields.Integer(required=True)
    channel = fields.Enum(Channel, by_value=True, required=True)
    device = fields.String(required=True)
    created_at = Moment(required=True)
    refreshed_at = Moment(required=True)


class TicketOut(Schema):
    """A ticket that opens the phone pages once, within 60 seconds."""

    ticket = fields.String(required=True)


class MeIn(Schema):
    """The changes of the own profile; a field left out stays as it is."""

    name = Text(longest=50)
    address = Text(longest=200, allow_none=True)
    home_place_id = Identifier(allow_none=True)
    home_unit_id = Identifier(allow_none=True)
    message_window = fields.Dict(keys=fields.String(), allow_none=True)


class PasswordChangeIn(Schema):
    """The password of today and the new one."""

    current_password = _secret(1000)
    new_password = _secret(1000)


class AwayIn(Schema):
    """The moment until which the person takes no orders (暂不接单); null ends the absence."""

    until = Moment(required=True, allow_none=True)
    return_orders = fields.Boolean(load_default=False)


class ExportOut(Schema):
    """Everything that is kept about the person, by room."""

    exported_at = Moment(required=True)
    parts = fields.Dict(keys=fields.String(), required=True)


class ConsentIn(Schema):
    """A yes or a no to one version of a document."""

    document = fields.Enum(Document, by_value=True, required=True)
    version = fields.Integer(required=True, validate=validate.Range(min=0, max=2**31 - 1))
    granted = fields.Boolean(required=True)


class ConsentOut(Schema):
    """The last answer to a document; `id`, `version` and `at` are null where there was none."""

    id = fields.Integer(required=True, allow_none=True)
    document = fields.Enum(Document, by_value=True, required=True)
    title = fields.String(required=True)
    version = fields.Integer(required=True, allow_none=True)
    granted = fields.Boolean(required=True)
    at = Moment(required=True, allow_none=True)
    current_version = fields.Integer(required=True)
    needed = fields.Boolean(required=True)


class ConfirmIn(Schema):
    """The person's password, asked again before a sensitive step."""

    current_password = _secret(1000)


class EnrolmentOut(Schema):
    """The secret and its address for the authenticator; they are shown once."""

    secret = fields.String(required=True)
    uri = fields.String(required=True)


class OtpIn(Schema):
    """A code from the authenticator."""

    otp = _secret(60)


class RecoveryCodesOut(Schema):
    """Codes for the case that the phone is lost; they are shown once, and each works once."""

    recovery_codes = fields.List(fields.String(), required=True)


class TotpRemovalIn(Schema):
    """Password and code; both are needed to remove the code generator."""

    current_password = _secret(1000)
    otp = _secret(60)


class AccountIn(Schema):
    """The user name of a new account."""

    username = Text(required=True, longest=40, shortest=2)


class OneTimePasswordOut(Schema):
    """A one-time password: shown once, valid for 7 days, and only for setting an own password."""

    username = fields.String(required=True)
    one_time_password = fields.String(required=True)
    expires_at = Moment(required=True)


class AccountOut(Schema):
    """A person's account for administrators."""

    username = fields.String(required=True)
    must_change_password = fields.Boolean(required=True)
    has_totp = fields.Boolean(required=True)
    is_locked = fields.Boolean(required=True)
    created_at = Moment(required=True)
    last_login_at = Moment(required=True, allow_none=True)

"""Kinds of sessions and tokens, consent documents and their versions, the figures of log-in."""

from datetime import timedelta
from enum import StrEnum

from app.kernel.messages import Template


class Channel(StrEnum):
    """By which door a person came in."""

    WECHAT = "wechat"
    PASSWORD = "password"  # noqa: S105 # a kind of log-in, not a secret
    H5 = "h5"


class TokenKind(StrEnum):
    """What a token opens: requests, new tokens, or one other door."""

    ACCESS = "access"
    REFRESH = "refresh"
    TICKET = "ticket"


class RevokedFor(StrEnum):
    """Why a session ended before its time."""

    LOGGED_OUT = "logged_out"
    STOLEN = "stolen"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 # a reason, not a secret
    PASSWORD_RESET = "password_reset"  # noqa: S105 # a reason, not a secret
    DEACTIVATED = "deactivated"


class Document(StrEnum):
    """What a person consents to, each by itself."""

    PRIVACY = "privacy"
    SERVICE_TERMS = "service_terms"
    PARTY_MEMBERSHIP = "party_membership"
    EXACT_LOCATION = "exact_location"


DOCUMENT_TITLES = {
    Document.PRIVACY: "隐私政策",
    Document.SERVICE_TERMS: "服务条款",
    Document.PARTY_MEMBERSHIP: "党员身份信息",
    Document.EXACT_LOCATION: "精确位置",
}
# A new text means a new number here; older consents then no longer count.
CURRENT_VERSIONS = {
    Document.PRIVACY: 1,
    Document.SERVICE_TERMS: 1,
    Document.PARTY_MEMBERSHIP: 1,
    Document.EXACT_LOCATION: 1,
}
# Party membership and exact location are sensitive: asked for when they are used, not at the door.
NEEDED_BY_ALL = (Document.PRIVACY, Document.SERVICE_TERMS)

ACCESS_LIFE = timedelta(hours=2)
REFRESH_LIFE = timedelta(days=30)
REFRESH_GRACE = timedelta(seconds=60)
TICKET_LIFE = timedelta(seconds=60)
# However often its tokens are renewed, a session ends.
SESSION_LIFE = timedelta(days=180)

FAILURES_BEFORE_LOCK = 10
LOCK_LIFE = timedelta(minutes=15)
FAILURES_BY_ADDRESS = 100
# In a minute. Generous: a whole estate may share one address.
LOG_INS_BY_ADDRESS = 300
RENEWALS_BY_ADDRESS = 600
CONFIRMATIONS_BY_PERSON = 20
FAILURES_KEPT = timedelta(days=30)
ONE_TIME_PASSWORD_LIFE = timedelta(days=7)
RECOVERY_CODES = 10

MESSAGES = {
    "identity.session_stolen": Template(
        "您的登录已被退出",
        "有人在别处使用了您的登录凭证，为了安全，这次登录已退出。"
        "请重新登录；如果不是您本人操作，请尽快联系社区工作人员。",
    ),
    "identity.password_given": Template(
        "您有了新的临时密码",
        "工作人员为您设置了临时密码，请尽快用它登录并改成自己的密码。"
        "如果您没有要求过，请马上联系社区工作人员。",
    ),
}

"""Kinds of sessions and tokens, documents of consent with their versions, limits of log-in."""

from datetime import timedelta
from enum import StrEnum

from app.kernel.messages import Template


class Channel(StrEnum):
    """The way in which a person logged in: WeChat, a password, or the phone pages by a ticket."""

    WECHAT = "wechat"
    PASSWORD = "password"  # noqa: S105 # a kind of log-in, not a secret
    H5 = "h5"


class TokenKind(StrEnum):
    """The use of a token: for requests, for a new pair of tokens, or for opening the phone pages once."""

    ACCESS = "access"
    REFRESH = "refresh"
    TICKET = "ticket"


class RevokedFor(StrEnum):
    """The reason why a session was ended before its time."""

    LOGGED_OUT = "logged_out"
    STOLEN = "stolen"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 # a reason, not a secret
    PASSWORD_RESET = "password_reset"  # noqa: S105 # a reason, not a secret
    DEACTIVATED = "deactivated"


class Document(StrEnum):
    """The documents to which a person consents, each separately."""

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
# A new text of a document gets a new number here; consents to older versions then no longer count.
CURRENT_VERSIONS = {
    Document.PRIVACY: 1,
    Document.SERVICE_TERMS: 1,
    Document.PARTY_MEMBERSHIP: 1,
    Document.EXACT_LOCATION: 1,
}
# Party membership and exact location are sensitive: the consent is asked when they are first used,
# not at the log-in.
NEEDED_BY_ALL = (Document.PRIVACY, Document.SERVICE_TERMS)

ACCESS_LIFE = timedelta(hours=2)
REFRESH_LIFE = timedelta(days=30)
REFRESH_GRACE = timedelta(seconds=60)
TICKET_LIFE = timedelta(seconds=60)
# A session ends after this time, however often its tokens are renewed.
SESSION_LIFE = timedelta(days=180)

FAILURES_BEFORE_LOCK = 10
LOCK_LIFE = timedelta(minutes=15)
FAILURES_BY_ADDRESS = 100
# These three are per minute. Those by address are high because a whole estate may share one address.
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

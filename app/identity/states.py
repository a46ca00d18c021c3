"""Kinds of sessions and tokens, limits of log-in, the messages of the room."""

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
    ADMINISTRATOR = "administrator"


ACCESS_LIFE = timedelta(hours=2)
REFRESH_LIFE = timedelta(days=30)
REFRESH_GRACE = timedelta(seconds=60)
TICKET_LIFE = timedelta(seconds=60)
# A session ends after this time, however often its tokens are renewed.
SESSION_LIFE = timedelta(days=180)

# After so many failures within a day the next try waits: a minute, then twice as long each time, up to
# the longest wait. Guessers get 10 + 4 tries in the first quarter of an hour, then 4 an hour: at most
# 110 a day for each account, however many addresses they have.
FAILURES_BEFORE_WAIT = 10
FAILURES_COUNT_FOR = timedelta(days=1)
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(minutes=15)
# At an address from which the person has logged in within 30 days the wait does not grow.
LONGEST_WAIT_AT_HOME = timedelta(minutes=1)
ADDRESS_KNOWN_FOR = timedelta(days=30)
FAILURES_BY_ADDRESS = 100
FLOOD_WINDOW = timedelta(minutes=15)
# These three are per minute. Those by address are high because a whole estate may share one address.
LOG_INS_BY_ADDRESS = 300
RENEWALS_BY_ADDRESS = 600
CONFIRMATIONS_BY_PERSON = 20
FAILURES_KEPT = timedelta(days=30)
ONE_TIME_PASSWORD_LIFE = timedelta(days=7)
RECOVERY_CODES = 10
# For who needs a code generator and has no account: a code generator belongs to an account.
ACCOUNT_FIRST = "请先请管理员为您开通用户名和密码，再开通动态码。"
# A person who agreed to nothing is forgotten after this time.
STRANGERS_KEPT = timedelta(hours=24)

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

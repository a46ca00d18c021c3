"""Passwords: how they are kept, compared, made and judged."""

import secrets
import unicodedata
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.kernel.errors import Invalid

SHORTEST = 10
LONGEST = 128

# OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
# Checked where there is no account, so that an unknown name costs the same time as a known one.
DUMMY_HASH = _HASHER.hash(secrets.token_urlsafe(32))
# Nothing that is misread on paper or over the telephone: no 0 O, 1 l I.
_READABLE = "23456789abcdefghijkmnpqrstuvwxyz"


def hash_password(password: str) -> str:
    """What the database keeps."""
    return _HASHER.hash(password)


def password_matches(password_hash: str, password: str) -> bool:
    """Whether the password is the one that was hashed; takes some 20 ms either way."""
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with weaker figures than today's."""
    return _HASHER.check_needs_rehash(password_hash)


def one_time_password() -> str:
    """A first password to hand over: four groups of four, 80 bits."""
    return "-".join("".join(secrets.choice(_READABLE) for _ in range(4)) for _ in range(4))


def username_key(username: str) -> str:
    """What makes two user names the same: case and width of letters do not count."""
    folded = unicodedata.normalize("NFKC", username).casefold()
    # Folding can leave what normalising would still change.
    return unicodedata.normalize("NFKC", folded).strip()


def check_strength(password: str, username: str) -> None:
    """Refuses what is guessed first: short, common, the user name, one pattern over and over.

    Raises Invalid `password.too_short`, `password.too_long`, `password.is_username` or
    `password.too_common`. No composition is asked for: length is what helps.
    """
    if len(password) < SHORTEST:
        raise _refused("password.too_short", f"密码至少要 {SHORTEST} 位。")
    if len(password) > LONGEST:
        raise _refused("password.too_long", f"密码最多 {LONGEST} 位。")
    folded = username_key(password)
    name = username_key(username)
    rest = folded.replace(name, "")
    if name in folded and (not rest or rest.isdigit()):
        raise _refused("password.is_username", "密码不能和用户名一样，请换一个。")
    if folded in _common() or _is_pattern(folded):
        raise _refused("password.too_common", "这个密码太常见，容易被猜到，请换一个。")


def _refused(code: str, message: str) -> Invalid:
    return Invalid(code, message, errors={"new_password": [message]})


@cache
def _common() -> frozenset[str]:
    text = Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line.casefold() for line in text.split() if line)


def _is_pattern(text: str) -> bool:
    steps = {ord(b) - ord(a) for a, b in zip(text, text[1:], strict=False)}
    if len(steps) == 1 and steps <= {-1, 0, 1}:
        return True
    return any(
        text == (text[:width] * len(text))[: len(text)] for width in range(1, len(text) // 2 + 1)
    )

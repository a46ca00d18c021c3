"""Passwords: hashing, comparing, generating, and checking their strength."""

import secrets
import unicodedata
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.kernel.errors import Invalid

SHORTEST = 10
LONGEST = 128

# The parameters that OWASP recommends for argon2id: 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
# Compared where there is no account, so that an unknown name takes the same time as a known one.
DUMMY_HASH = _HASHER.hash(secrets.token_urlsafe(32))
# Without characters that are misread on paper or misheard on the telephone: no 0 O, 1 l I.
_READABLE = "23456789abcdefghijkmnpqrstuvwxyz"


def hash_password(password: str) -> str:
    """Returns the argon2id hash of the password, which the database keeps."""
    return _HASHER.hash(password)


def password_matches(password_hash: str, password: str) -> bool:
    """Returns whether the password is the one that was hashed; takes about 20 ms in both cases."""
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Returns whether the hash was made with weaker parameters than those of today."""
    return _HASHER.check_needs_rehash(password_hash)


def one_time_password() -> str:
    """Returns a random first password to hand over: four groups of four characters, 80 bits."""
    return "-".join("".join(secrets.choice(_READABLE) for _ in range(4)) for _ in range(4))


def username_key(username: str) -> str:
    """Returns the form in which two user names are compared: case and width of letters are ignored."""
    folded = unicodedata.normalize("NFKC", username).casefold()
    # casefold() can return a text that is not normalised, so it is normalised a second time.
    return unicodedata.normalize("NFKC", folded).strip()


def check_strength(password: str, username: str) -> None:
    """Refuses passwords that are guessed first.

    Raises Invalid `password.too_short` (below 10 characters), `password.too_long` (above 128),
    `password.is_username` (the user name, also with digits), or `password.too_common` (in the list,
    or one pattern repeated). No mixture of letters, digits and signs is required: length is what
    helps.
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

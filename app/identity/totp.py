"""One-time codes by time (RFC 6238) and recovery codes; pure."""

import base64
import hmac
import secrets
from datetime import datetime

import pyotp

ISSUER = "三单社区服务"
STEP_SECONDS = 30
# One step to either side, for phones whose clock is a little off.
_DRIFT = (0, -1, 1)


def new_secret() -> str:
    """160 random bits in base32."""
    return pyotp.random_base32()


def enrolment_uri(secret: str, username: str) -> str:
    """The text of the QR code that an authenticator scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)


def matching_counter(secret: str, code: str, at: datetime, after: int) -> int | None:
    """The interval whose code this is, if it lies later than `after`; else None."""
    generator = pyotp.TOTP(secret, interval=STEP_SECONDS)
    current = int(at.timestamp()) // STEP_SECONDS
    for drift in _DRIFT:
        counter = current + drift
        if counter > after and hmac.compare_digest(
            generator.generate_otp(counter).encode(), code.strip().encode()
        ):
            return counter
    return None


def new_recovery_code() -> str:
    """120 random bits in groups of four."""
    text = base64.b32encode(secrets.token_bytes(15)).decode()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def plain_recovery_code(code: str) -> str:
    """The code as it is hashed: upper case, without dashes and spaces."""
    return code.upper().replace("-", "").replace(" ", "")

"""One-time codes by time (RFC 6238) and recovery codes; it does not use the database."""

import base64
import hmac
import secrets
from datetime import datetime

import pyotp

ISSUER = "三单社区服务"
STEP_SECONDS = 30
# One step earlier and one later are accepted too, for phones whose clock is not exact.
_DRIFT = (0, -1, 1)


def new_secret() -> str:
    """Returns the secret of a new code generator: 160 random bits in base32."""
    return pyotp.random_base32()


def enrolment_uri(secret: str, username: str) -> str:
    """Returns the otpauth address for the QR code that an authenticator scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)


def matching_counter(secret: str, code: str, at: datetime, after: int) -> int | None:
    """Returns the number of the 30-second interval whose code this is; None where no interval fits.

    Only the intervals around `at` that are later than `after` are tried, so that a code works once.
    """
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
    """Returns a new recovery code: 120 random bits as base32 in groups of four characters."""
    text = base64.b32encode(secrets.token_bytes(15)).decode()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def plain_recovery_code(code: str) -> str:
    """Returns the code as it is hashed: in upper case, without dashes and spaces."""
    return code.upper().replace("-", "").replace(" ", "")

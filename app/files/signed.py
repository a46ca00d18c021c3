"""Signed addresses: whoever has one may see the file for 5 to 10 minutes, without a log-in."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.files.states import Variant
from app.kernel.crypto import sign, signature_holds
from app.kernel.errors import not_found

PATH = "/api/v1/files/"
VALID = timedelta(minutes=10)
# All addresses of a file that are made within five minutes are equal, so that caches can be used.
STEP_SECONDS = 300
# Keeps these signatures apart from other signatures that are made with the same key.
_PURPOSE = "files.show"


@dataclass(frozen=True, slots=True)
class Ticket:
    """The part of an address that is signed: the file's name, its stored form, and the end."""

    name: str
    variant: Variant
    expires_at: datetime


def address(name: str, variant: Variant, moment: datetime) -> str:
    """The signed path that shows a stored form of a file.

    It is valid for 10 minutes from `moment`, cut off to a full five minutes of the clock.
    """
    end = int((moment + VALID).timestamp()) // STEP_SECONDS * STEP_SECONDS
    claim = f"{name}.{variant}.{end}"
    return f"{PATH}{claim}.{sign(f'{_PURPOSE}:{claim}')}"


def read_ticket(signed: str, moment: datetime) -> Ticket:
    """The ticket in a signed address; raises NotFound where it is forged or expired at `moment`."""
    claim, _, signature = signed.rpartition(".")
    if not signature_holds(f"{_PURPOSE}:{claim}", signature):
        raise not_found()
    name, variant, end = claim.split(".")
    expires_at = datetime.fromtimestamp(int(end), UTC)
    if moment >= expires_at:
        raise not_found()
    return Ticket(name, Variant(variant), expires_at)

"""Addresses that are the right to see a file: for at most ten minutes, at least five."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.files.states import Variant
from app.kernel.crypto import sign, signature_holds
from app.kernel.errors import not_found

PATH = "/api/v1/files/"
VALID = timedelta(minutes=10)
# All addresses of a file made within five minutes are the same, so that caches hit.
STEP_SECONDS = 300
# Keeps these signatures apart from all others made with the same key.
_PURPOSE = "files.show"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What an address entitles to."""

    name: str
    variant: Variant
    expires_at: datetime


def address(name: str, variant: Variant, moment: datetime) -> str:
    """The path under which the file is shown until the last full five minutes of its ten."""
    end = int((moment + VALID).timestamp()) // STEP_SECONDS * STEP_SECONDS
    claim = f"{name}.{variant}.{end}"
    return f"{PATH}{claim}.{sign(f'{_PURPOSE}:{claim}')}"


def read_ticket(signed: str, moment: datetime) -> Ticket:
    """The ticket; forged and expired ones alike are NotFound."""
    claim, _, signature = signed.rpartition(".")
    if not signature_holds(f"{_PURPOSE}:{claim}", signature):
        raise not_found()
    name, variant, end = claim.split(".")
    expires_at = datetime.fromtimestamp(int(end), UTC)
    if moment >= expires_at:
        raise not_found()
    return Ticket(name, Variant(variant), expires_at)

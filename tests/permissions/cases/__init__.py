"""Every endpoint in every situation that matters, with a request that is right in shape and meaning."""

from tests.permissions.cases import (
    agreements,
    announcing,
    counting,
    dispatching,
    handling,
    importing,
    organisation,
    own,
    people,
    placing,
    timing,
    watching,
)
from tests.permissions.runner import Case

PARTS: dict[str, tuple[Case, ...]] = {
    "placing and reading": placing.CASES,
    "desk and handler": handling.CASES,
    "requester and neighbours": watching.CASES,
    "agreements": agreements.CASES,
    "many at once": dispatching.CASES,
    "figures and bulletins": counting.CASES,
    "people": people.CASES,
    "imports": importing.CASES,
    "exports and banners": announcing.CASES,
    "organisation": organisation.CASES,
    "deadlines": timing.CASES,
    "one's own": own.CASES,
}
CASES = tuple(case for part in PARTS.values() for case in part)

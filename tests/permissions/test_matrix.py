"""Every endpoint as every role, in the community that the matter belongs to and elsewhere."""

import pytest

from app.kernel.http import App
from tests.permissions.actors import PLACES, ROLES, Cast
from tests.permissions.cases import CASES, PARTS
from tests.permissions.expected import EXPECTED
from tests.permissions.runner import run, unlisted

PROBES = len(CASES) * len(PLACES) * len(ROLES)
LEAST = 1500


def test_every_endpoint_has_its_row(app: App) -> None:
    """A new endpoint without one fails; so does one that lets nobody in."""
    assert unlisted(app.url_map.iter_rules(), CASES, EXPECTED) == set()


@pytest.mark.parametrize("probes", [PROBES])
def test_enough_is_asked(probes: int) -> None:
    """The figure stands in the name of the test."""
    assert probes >= LEAST


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_the_matrix(app: App, cast: Cast, part: str) -> None:
    """Each answer is the one of the table."""
    report = run(cast, app, PARTS[part], EXPECTED)
    names = {case.name for case in PARTS[part]}
    assert report.probes == len(names) * len(PLACES) * len(ROLES)
    wrong = [str(violation) for violation in report.violations]
    assert not wrong, "\n".join(wrong)

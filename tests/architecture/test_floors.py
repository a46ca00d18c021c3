"""The contracts of import-linter bite: each is fed with one import that it has to refuse."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

pytestmark = pytest.mark.slow
HELD: set[str] = set()
LINT = "from importlinter.cli import lint_imports_command as lint; lint()"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program that may be spoilt."""
    folder = tmp_path_factory.mktemp("floors")
    shutil.copytree(ROOT / "app", folder / "app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def is_kept(program: Path, contract: str) -> bool:
    """Whether the contract holds in the copy; anything but kept or broken is an error."""
    command = [sys.executable, "-c", LINT, "--no-cache", "--contract", contract]
    answer = subprocess.run(command, cwd=program, capture_output=True, text=True, check=False)
    summary = "Contracts: 1 kept, 0 broken.", "Contracts: 0 kept, 1 broken."
    assert any(line in answer.stdout for line in summary), answer.stdout + answer.stderr
    return summary[0] in answer.stdout


@pytest.mark.parametrize(
    ("contract", "path", "line"),
    [
        ("floors", "app/people/states.py", "import app.orders.states"),
        ("floors", "app/files/states.py", "import app.notifications.states"),
        ("floors", "app/kernel/clock.py", "import app.organisation.states"),
        ("floors", "app/attic/__init__.py", "A_ROOM = 'that nobody knows'"),
        ("files", "app/people/models.py", "import app.people.service"),
        ("files", "app/people/queries/persons.py", "import app.people.service.persons"),
        ("files", "app/orders/ticket/attic.py", "A_FILE = 'that nobody knows'"),
        ("files", "app/files/media/refusals.py", "import app.files.states"),
        ("formats", "app/files/media/mp3.py", "import app.files.media.m4a"),
        ("formats", "app/files/media/boxes.py", "import app.files.media.aac"),
        ("formats", "app/files/media/attic.py", "A_FORMAT = 'that nobody knows'"),
        ("media", "app/files/media/voices.py", "import app.kernel.settings"),
        ("media", "app/files/media/voices.py", "import app.people.states"),
        ("floors", "app/orders/ticket/states.py", "import app.reports.states"),
        ("floors", "app/orders/ticket/states.py", "import app.pasts.service"),
        ("floors", "app/pasts/service.py", "import app.intake.states"),
        ("orders", "app/orders/record/core.py", "import app.orders.giving.service"),
        ("orders", "app/orders/access/policy.py", "import app.orders.record.core"),
        ("orders", "app/orders/ticket/states.py", "import app.orders.access.policy"),
        ("orders", "app/orders/placing/service.py", "import app.orders.giving.service"),
        ("orders", "app/orders/giving/service.py", "import app.orders.linking.merging"),
        ("orders", "app/orders/linking/merging.py", "import app.orders.desk.service"),
        ("orders", "app/orders/desk/service.py", "import app.orders.closing.service"),
        ("orders", "app/orders/closing/service.py", "import app.orders.upward.service"),
        ("orders", "app/orders/upward/service.py", "import app.orders.clockwork.timed"),
        ("orders", "app/orders/clockwork/timed.py", "import app.orders.leaving.holders"),
        ("orders", "app/orders/leaving/holders.py", "import app.orders.views.lists"),
        ("orders", "app/orders/views/lists.py", "import app.orders.door.shapes"),
        ("orders", "app/orders/attic/__init__.py", "A_FOLDER = 'that nobody knows'"),
        ("deadlines", "app/deadlines/computing/states.py", "import app.deadlines.terms.models"),
        ("deadlines", "app/deadlines/terms/policy.py", "import app.deadlines.standing.models"),
        ("deadlines", "app/deadlines/standing/late.py", "import app.deadlines.ladder.sweeping"),
        ("deadlines", "app/deadlines/ladder/queries.py", "import app.deadlines.days.special"),
        ("deadlines", "app/deadlines/days/service.py", "import app.deadlines.policies.shipped"),
        ("deadlines", "app/deadlines/policies/shipped.py", "import app.deadlines.door.schemas"),
        ("deadlines", "app/deadlines/attic/__init__.py", "A_FOLDER = 'that nobody knows'"),
        ("pure", "app/deadlines/computing/clocks.py", "import sqlalchemy"),
        ("circles", "app/kernel/clock.py", "import app.kernel.http"),
        ("no-flask", "app/orders/placing/service.py", "from flask import g"),
        ("pure", "app/orders/access/policy.py", "from app.kernel.database import session"),
        ("pure", "app/orders/ticket/events.py", "import sqlalchemy"),
        ("outside", "app/kernel/clock.py", "import tests"),
    ],
)
def test_a_contract_refuses(program: Path, contract: str, path: str, line: str) -> None:
    """It holds before the line is there, and no longer afterwards."""
    if contract not in HELD:
        assert is_kept(program, contract)
        HELD.add(contract)
    file = program / path
    before = file.read_text(encoding="utf-8") if file.exists() else None
    file.parent.mkdir(exist_ok=True)
    try:
        file.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")
        assert not is_kept(program, contract)
    finally:
        if before is not None:
            file.write_text(before, encoding="utf-8")
        elif file.name == "__init__.py":
            shutil.rmtree(file.parent)
        else:
            file.unlink()

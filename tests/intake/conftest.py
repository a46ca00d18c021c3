"""A desk at which files are imported, in the test's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import select

from app.files.storage import LocalStorage
from app.kernel.database import session
from app.kernel.http import App
from app.orders.ticket.models import Order, OrderEvent
from tests.intake.invented import CITY, LEDGER, as_csv
from tests.world import World


@dataclass
class Desk:
    """Runs the command on files that a test writes."""

    app: App
    world: World
    folder: Path

    def write(self, name: str, content: bytes | str) -> Path:
        """A file in the test's folder."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def run(self, file: Path, mapping: str | Path = "la311", **options: object) -> Result:
        """`flask orders import` into the first community; what it says and how it ends."""
        given = {"unit": self.world.community.id, "rejected": self.rejected} | options
        words = [word for name, value in given.items() for word in (f"--{name}", str(value))]
        command = ["orders", "import", str(file), "--mapping", str(mapping), *words]
        return self.app.test_cli_runner().invoke(args=command)

    def city(self, rows: Iterable[Mapping[str, str]], **options: object) -> Result:
        """A city's rows as CSV."""
        return self.run(self.write("city.csv", as_csv(rows, CITY)), **options)

    def ledger(self, rows: Iterable[Mapping[str, str]], **options: object) -> Result:
        """A community's rows as CSV."""
        return self.run(self.write("ledger.csv", as_csv(rows, LEDGER)), "ledger", **options)

    @property
    def rejected(self) -> Path:
        """Where rejected rows go."""
        return self.folder / "rejected.csv"

    def reasons(self) -> str:
        """The rejected file as text."""
        return self.rejected.read_text(encoding="utf-8-sig")

    def order(self, number: str) -> Order:
        """The order with that number elsewhere."""
        session.expire_all()
        return session.scalars(select(Order).where(Order.external_number == number)).one()

    def acts(self, order: Order) -> Sequence[OrderEvent]:
        """Its history."""
        events = select(OrderEvent).where(OrderEvent.order_id == order.id)
        return session.scalars(events.order_by(OrderEvent.seq)).all()


@pytest.fixture
def desk(app: App, world: World, tmp_path: Path) -> Desk:
    """A desk with nothing on it."""
    return Desk(app, world, tmp_path)


def counts(said: str) -> tuple[int, int, int, int]:
    """Read, added, there already, rejected, as the command says at its end."""
    line = next(line for line in said.splitlines() if line.startswith("读了"))
    read, added, known, rejected = (
        int("".join(char for char in part if char.isdigit()))
        for part in line.replace("：", "，").split("，")
    )
    return read, added, known, rejected


@pytest.fixture
def store(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A storage and drafts of this test's own."""
    monkeypatch.setitem(app.extensions, "storage", LocalStorage(tmp_path / "files"))
    monkeypatch.setitem(app.config, "DATA_DIR", str(tmp_path))
    return tmp_path

"""The measured figures with their goals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from sqlalchemy import text

from app.kernel.database import session, transaction
from app.kernel.http import App
from bench.district import District
from bench.load import Job
from bench.rounds import Side
from bench.servers import Server

UNITS = {"rate": "rate", "server_cpu": "processor time of the server"}


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of the report.

    `lowest` and `highest` are the extremes over the rounds. `goal` is such as "≥ 0.50"; "" means
    that there is no goal.
    """

    name: str
    found: float
    lowest: float
    highest: float
    goal: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the figure reaches its goal; None without a goal."""
        if not self.goal:
            return None
        sign, wanted = self.goal.split()[:2]
        return self.found >= float(wanted) if sign == "≥" else self.found <= float(wanted)


@dataclass(slots=True)
class Bench:
    """Two servers on one database, and the figures that have been measured so far."""

    app: App
    district: District
    rows: int
    on_sqlite: bool
    real: Server
    floor: Server
    connections: int
    figures: list[Figure] = field(default_factory=list)
    sides: list[tuple[str, Side]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def side(self, name: str, server: Server, job: Callable[[int], Job]) -> Side:
        """A side of a comparison on this server; `job` makes its requests."""
        return Side(name, server, job, self.backends)

    def backends(self) -> list[int]:
        """The ids of PostgreSQL's processes for this database.

        Empty for SQLite, which runs inside the process of the web server.
        """
        if self.on_sqlite:
            return []
        with self.app.app_context(), transaction(writing=False):
            asked = text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
            return list(session.scalars(asked))

    def job(self, server: Server, method: str, paths: Sequence[str], tokens: Sequence[str]) -> Job:
        """A job for this server with the parts that all jobs share."""
        return Job(server.port, self.connections, 0, method, list(paths), list(tokens))

    def ratio(
        self, name: str, real: Side, floor: Side, goal: str = "", figure: str = "rate"
    ) -> None:
        """Notes the ratio of two sides: of their medians, with the extremes of the pairs of rounds.

        `figure` is the name of a field of `Round`.
        """
        pairs = zip(real.all_of(figure), floor.all_of(figure), strict=True)
        ratios = [one / other for one, other in pairs]
        found = real.middle(figure) / floor.middle(figure)
        self.figures.append(
            Figure(
                f"{name}, {UNITS[figure]} by the {floor.name}'s",
                found,
                min(ratios),
                max(ratios),
                goal,
            )
        )
        for side in (real, floor):
            if figure == "rate":
                self.sides.append((name, side))

    def absolute(self, name: str, side: Side, figure: str, goal: str = "") -> None:
        """Notes the median of a figure of one side, with its extremes."""
        each = side.all_of(figure)
        self.figures.append(Figure(name, median(each), min(each), max(each), goal))
        if all(known is not side for _, known in self.sides):
            self.sides.append((name, side))

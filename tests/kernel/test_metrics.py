"""What `/metrics` tells: each request counts, each metric moves, and nobody is named."""

from datetime import timedelta

from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select

from app.deadlines.standing.models import Deadline
from app.files.models import FileRemoval
from app.intake.models import Export, Import
from app.intake.states import ExportState, ExportTemplate, ImportState
from app.kernel.clock import now
from app.kernel.database import session, transaction
from app.kernel.heartbeat import Heartbeat, Rounds
from app.kernel.http import App
from app.kernel.queue import MAX_ATTEMPTS, Queued
from app.kernel.slots import fail_slot
from app.notifications.models import OutboxMessage
from app.notifications.states import OutboxState
from tests.architecture import reverse
from tests.architecture.source import python_files
from tests.conftest import Clock
from tests.world import World

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scrape(client: FlaskClient | None) -> Samples:
    """A reading of the metrics: by name and labels the value."""
    assert client is not None
    text = client.get("/metrics").get_data(as_text=True)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def answers(samples: Samples) -> dict[tuple[str, str, str], float]:
    """How many requests were answered, by method, endpoint and status."""
    found = {}
    for (name, labels), value in samples.items():
        if name == "http_requests_total":
            told = dict(labels)
            found[told["method"], told["endpoint"], told["status"]] = value
    return found


def timed(samples: Samples) -> float:
    """How many times were taken."""
    return sum(
        value for (name, _), value in samples.items() if name == "http_request_seconds_count"
    )


def test_each_answer_counts(world: World) -> None:
    """Refusals and what leads nowhere too; of the latter neither path nor method is kept."""
    client = world.client
    assert client is not None
    order = world.order()["id"]
    before = scrape(client)
    for who in ("resident", None, "other_resident"):
        world.get(who, f"/orders/{order}?secret=13812345678")
    for path, method in (("/api/v1/13812345678", "GET"), ("/api/v1/orders/1", "WANG")):
        client.open(path, method=method)
    after = scrape(client)
    earlier = answers(before)
    grown = {key: value - earlier.get(key, 0) for key, value in answers(after).items()}
    assert {key: value for key, value in grown.items() if value} == {
        ("GET", "metrics", "200"): 1,
        ("GET", "orders.show", "200"): 1,
        ("GET", "orders.show", "401"): 1,
        ("GET", "orders.show", "404"): 1,
        ("none", "none", "404"): 1,
        ("none", "none", "405"): 1,
    }
    assert timed(after) - timed(before) == 6
    assert not [key for key in after if "13812345678" in str(key) or "WANG" in str(key)]


def test_every_metric_moves(app: App, world: World, clock: Clock) -> None:
    """What is declared and stands still would tell an operator that all is well."""
    counted = {name for source in python_files("app") for name in reverse.metrics_of(source)}
    figures = [figure.name for figure in app.extensions["figures"]]
    assert len(figures) == len(set(figures)) > 10
    declared = sorted(counted | set(figures))
    clock.set("2026-03-02T09:00:00+08:00")
    before = scrape(world.client)
    _let_things_go_wrong(world)
    clock.set("2026-03-03T10:00:00+08:00")
    assert list(reverse.unmoved(declared, before, scrape(world.client))) == []


def _given_up_files(world: World) -> list[Queued]:
    """An import, an export and the removal of a file that were given up."""
    person_id, at = world.ids["dispatcher"], now()
    return [
        Export(
            owner_id=person_id,
            template=ExportTemplate.LEDGER,
            asked="",
            state=ExportState.FAILED,
            total=1,
            created_at=at,
            given_up_at=at,
        ),
        Import(
            unit_id=world.community.id,
            uploaded_by_id=person_id,
            uploaded_at=at,
            mapping="",
            headings="",
            state=ImportState.FAILED,
            rows=1,
            good=1,
            bad=0,
            given_up_at=at,
        ),
        FileRemoval(name="gone.jpg", created_at=at, given_up_at=at),
    ]


def _let_things_go_wrong(world: World) -> None:
    """Messages and reminders wait, some have been given up, and jobs fail."""
    late, stuck = world.order()["id"], world.order("resident2")["id"]
    with transaction():
        told = {"recipient_id": world.ids["resident"], "moment": "order.placed", "params": {}}
        told |= {"subject_kind": "order", "subject_id": late, "urgent": False}
        dead = OutboxMessage(
            state=OutboxState.GIVEN_UP, given_up_at=now(), created_at=now(), **told
        )
        session.add_all([dead, *_given_up_files(world)])
        deadline = session.scalars(
            select(Deadline).where(Deadline.subject_id == stuck).order_by(Deadline.id)
        ).first()
        assert deadline is not None
        deadline.given_up_at = now() + timedelta(minutes=1)
        for _ in range(MAX_ATTEMPTS):
            fail_slot("tests.bulletin", "2026-W10", None, "RuntimeError")
        Heartbeat().beat()
    for error in (None, "KeyError"):
        Rounds().note("tests.job", 1, error)

"""Of a person who is erased nothing is left: in no table, in no file, in no message, in no index.

The tables and the files are found, not listed: a new one is looked at by itself.
"""

import io
import uuid
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from PIL import Image

from app.jobs import TIMETABLE, run_job
from app.kernel.clock import now
from app.kernel.crypto import blind_index
from app.kernel.database import db, is_sqlite, session, transaction
from app.orders.ticket.bigrams import bigrams, tokens
from app.people.service import limit_person
from tests import postgres
from tests.conftest import new_sqlite, settings_for
from tests.intake.invented import LEDGER, as_csv
from tests.privacy.dump import LOG, SEALED, dump, opened_value
from tests.races.erasing import LATER, PUBLIC, Person, Stage
from tests.serving import migrated
from tests.world import build_world

pytestmark = [pytest.mark.slow, pytest.mark.figures]


@dataclass(frozen=True)
class Canaries:
    """What is found of one person, by kind: as the person said it, or as the program keeps it."""

    person: Person

    @property
    def plain(self) -> dict[str, str]:
        """Texts that must not stand anywhere in clear, nor in anything sealed."""
        person, phone = self.person, self.person.phone
        return {
            "name": person.name,
            "name apart": f"{person.name[:2]} {person.name[2:]}",
            "phone": phone,
            "phone with dashes": f"{phone[:3]}-{phone[3:7]}-{phone[7:]}",
            "phone with blanks": f"{phone[:3]} {phone[3:7]} {phone[7:]}",
            "address": self.address,
            "words": person.word,
            "task": f"扶正{person.word}",
            "north": str(self.north),
            "east": str(self.east),
        }

    @property
    def kept(self) -> dict[str, str]:
        """Texts that the program makes of them: the index of the phone, the pairs of the search."""
        pairs = bigrams(self.person.word)
        return {"index": blind_index(self.person.phone), "pairs": tokens(pairs[2:4])}

    @property
    def address(self) -> str:
        """Where the person lives."""
        return f"紫藤巷{self.person.id + 7000}号后门"

    @property
    def north(self) -> float:
        """The latitude, of which no other person has the digits."""
        return round(36.005 + self.person.id / 1e7 + 3e-9, 9)

    @property
    def east(self) -> float:
        """The longitude."""
        return round(117.005 + self.person.id / 1e7 + 7e-9, 9)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the program keeps its files, on SQLite the database too."""
    return tmp_path_factory.mktemp("erased")


@pytest.fixture(scope="module")
def stage(database: str, folder: Path) -> Iterator[Stage]:
    """The district on a real database of its own."""
    with ExitStack() as stack:
        url = new_sqlite(folder)
        if database == "postgresql":
            name = f"sandan_erased_{uuid.uuid4().hex[:12]}"
            url = stack.enter_context(postgres.new_database(name))
        app = migrated(settings_for(url, folder))
        with app.app_context():
            world = build_world()
            world.client = app.test_client()
            world.lift_caps()
        yield Stage(app, world)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def told(canaries: Canaries) -> str:
    """What staff write when they write down all that they know."""
    return "，".join(canaries.plain[kind] for kind in _NAMING)


_NAMING = ("name", "name apart", "phone", "phone with dashes", "phone with blanks", "address")


def lived(stage: Stage, person: Person) -> Canaries:
    """Everything in which something of a person is kept."""
    canaries = Canaries(person)
    said = told(canaries)
    me = stage.sent("GET", "/me", person.token).body
    own = {"name": person.name, "address": canaries.address}
    answer = stage.app.test_client().put(
        "/api/v1/me",
        json=own,
        headers={"Authorization": f"Bearer {person.token}", "If-Match": f'"{me["version"]}"'},
    )
    assert answer.status_code == 200, answer.json
    _orders(stage, person, canaries, said)
    _around(stage, person, said)
    _files(stage, person, canaries, said)
    return canaries


def _orders(stage: Stage, person: Person, canaries: Canaries, said: str) -> None:
    world, unit = stage.world, stage.world.community.id
    body = {
        "description": f"{person.word}坏了。",
        "unit_id": unit,
        "contact_name": person.name,
        "contact_phone": person.phone,
        "location": {
            "latitude": canaries.north,
            "longitude": canaries.east,
            "coordinate_system": "gcj02",
            "address": canaries.address,
        },
        "photo_ids": [_picture(stage, person.token)],
    }
    order = stage.must(person.token, "POST", "/orders", body)["id"]
    act(stage, "dispatcher", order, "ask", note=f"{said}在家吗？")
    act(stage, person.token, order, "answer", note=f"{person.word}在楼下。")
    act(stage, "dispatcher", order, "amend", reason=said, contact_name=person.name)
    act(stage, "dispatcher", order, "comments", note=said, visible=False)
    part = {"assignee_id": world.ids["grid"], "task": f"扶正{person.word}，{said}"}
    act(stage, "dispatcher", order, "split", parts=[part])
    act(stage, "dispatcher", order, "dispatch", mode="direct", assignee_id=world.ids["member"],
        task=f"扶正{person.word}，{said}", note=said)  # fmt: skip
    act(stage, "member", order, "claim")
    act(stage, "member", order, "progress", note=f"{said}，看过了。")
    act(stage, "member", order, "suspend", reason=said, until=_soon())
    act(stage, person.token, order, "cancel", reason=f"{person.word}自己好了。")
    stage.must("dispatcher", "POST", f"/orders/{order}/reveal",
               {"fields": ["contact", "location"], "reason": said})  # fmt: skip
    done = stage.must(person.token, "POST", "/orders", {**body, "photo_ids": []})["id"]
    act(stage, "dispatcher", done, "settle", note=said)
    act(stage, person.token, done, "rate", solved=True, satisfied=False, comment=person.word)
    act(stage, "leader", done, "follow_up", outcome="reached", solved=True, note=said)
    entered = {"description": f"{person.word}坏了。{said}", "unit_id": unit}
    stage.must("dispatcher", "POST", "/orders",
               {**entered, "on_behalf_of": {"person_id": person.id}})  # fmt: skip
    # Of an order that nobody but a phone belongs to the matter stays, for it may be the family's.
    by_phone = {"name": person.name, "phone": person.phone}
    stage.must("dispatcher", "POST", "/orders",
               {"description": said, "unit_id": unit, "on_behalf_of": by_phone})  # fmt: skip


def _around(stage: Stage, person: Person, said: str) -> None:
    unit = stage.world.community.id
    neighbour = stage.person()
    public = {"category_id": stage.world.categories[PUBLIC], "description": "楼道的灯坏了。"}
    other = stage.must(neighbour.token, "POST", "/orders", {**public, "unit_id": unit})["id"]
    act(stage, "dispatcher", other, "dispatch", mode="pool", note=said)
    act(stage, person.token, other, "join", note=person.word)
    act(stage, "dispatcher", other, "comments", note=said, visible=False)
    wanted = {"unit_id": unit, "text": f"{said}家停水", "until": LATER}
    banner = stage.must("dispatcher", "POST", "/banners", wanted)["id"]
    stage.must(person.token, "POST", f"/banners/{banner}/me_too", {})
    stage.must(neighbour.token, "POST", f"/banners/{banner}/me_too", {})
    stage.must("dispatcher", "POST", f"/banners/{banner}/end", {"note": f"{said}，好了"})
    wanted["text"] = f"{said}家停电"
    stage.must("dispatcher", "POST", "/banners", wanted)
    stage.must(person.token, "POST", "/registrations",
               {"unit_id": unit, "kind": "home", "employer": person.word})  # fmt: skip
    stage.must("leader", "POST", f"/people/{person.id}/green",
               {"reasons": ["disabled"], "consent": said})  # fmt: skip
    stage.must("leader", "POST", f"/people/{person.id}/reveal",
               {"fields": ["phone"], "reason": said})  # fmt: skip
    with stage.app.app_context(), transaction():
        limit_person(stage.chief(), person.id, 7, said)


def _files(stage: Stage, person: Person, canaries: Canaries, said: str) -> None:
    _picture(stage, person.token)
    for unmasked in (False, True):
        wanted = {"template": "orders", "unmasked": unmasked, "reason": said}
        stage.must("leader", "POST", "/exports", wanted)
    stage.must("leader", "POST", "/exports", {"template": "ledger", "q": person.word})
    row = dict.fromkeys(LEDGER, "") | {"诉求人": person.name, "电话": person.phone, "内容": said}
    data = {
        "file": (io.BytesIO(as_csv([row], LEDGER)), "ledger.csv"),
        "unit_id": str(stage.world.community.id),
    }
    headers = {
        "Authorization": f"Bearer {stage.token('dispatcher')}",
        "Idempotency-Key": f"import-{person.id}",
    }
    answer = stage.app.test_client().post("/api/v1/imports", data=data, headers=headers)
    assert answer.status_code == 201, answer.json


def act(stage: Stage, who: str, order: int, action: str, **body: Any) -> None:
    """An act that has to succeed."""
    stage.must(who, "POST", f"/orders/{order}/{action}", body)


def _soon() -> str:
    return (now() + timedelta(days=9)).isoformat()


def _picture(stage: Stage, token: str) -> int:
    drawn = io.BytesIO()
    Image.effect_noise((64, 48), 90).convert("RGB").save(drawn, "JPEG")
    data = {"file": (io.BytesIO(drawn.getvalue()), "a.jpg")}
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid.uuid4().hex}
    client: FlaskClient = stage.app.test_client()
    answer = client.post("/api/v1/files", data=data, headers=headers)
    assert answer.status_code == 201, answer.json
    return int((answer.json or {})["id"])


def run_jobs(stage: Stage) -> None:
    """Each job of the timetable, once."""
    for job in TIMETABLE:
        run_job(stage.app, job)


def everywhere(stage: Stage, folder: Path) -> dict[str, bytes]:
    """All that is kept, by table or file: rows in clear and what is sealed in them, opened."""
    parts = {name: part for name, part in dump(stage.app, folder).items() if LOG not in name}
    del parts["rows"]
    with stage.app.app_context(), transaction(writing=False):
        names = set(sa.inspect(session.connection()).get_table_names())
        assert names - {"alembic_version"} >= set(db.metadata.tables)
        for name in names:
            known = db.metadata.tables.get(name)
            table = sa.Table(name, sa.MetaData(), autoload_with=session.connection())
            rows = session.execute(sa.select(table)).mappings()
            texts = ("\n".join(_texts(known, row)) for row in rows)
            parts[f"table {name}"] = "\n".join(texts).encode(errors="replace")
    for name, content in list(parts.items()):
        if content.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(content)) as book:
                parts[name] = b"\n".join(book.read(inner) for inner in book.namelist())
    return parts


def _texts(table: sa.Table | None, row: sa.RowMapping) -> Iterator[str]:
    for name, value in row.items():
        if table is not None and isinstance(value, str) and SEALED.fullmatch(value):
            yield opened_value(table, row, str(name))
        yield str(value)


def found(canaries: Sequence[Canaries], parts: Mapping[str, bytes]) -> dict[str, set[str]]:
    """By kind of canary the places where one stands."""
    texts = {
        name: (content, content.decode(errors="ignore").encode("unicode_escape"))
        for name, content in parts.items()
    }
    places: dict[str, set[str]] = {}
    for one in canaries:
        for kind, canary in {**one.plain, **one.kept}.items():
            escaped = canary.encode("unicode_escape")
            for name, (content, other) in texts.items():
                if canary.encode() in content or escaped in other:
                    places.setdefault(kind, set()).add(name)
    return places


def test_of_the_erased_nothing_is_left(
    stage: Stage, folder: Path, pytestconfig: pytest.Config
) -> None:
    """Said in every way, found before the erasure, and found nowhere after it."""
    count = 200 if pytestconfig.getoption("--figures") else 3
    stage_people = [stage.person() for _ in range(count)]
    with stage.app.app_context():
        canaries = [lived(stage, person) for person in stage_people]
        with stage.app.app_context():
            run_jobs(stage)
            before = found(canaries[:3], everywhere(stage, folder))
    kinds = {*canaries[0].plain, "index"} | ({"pairs"} if db_is_sqlite(stage) else set())
    # Every kind of canary was there, so the search sees it.
    assert before.keys() >= kinds, kinds - before.keys()
    for person in stage_people:
        assert stage.sent("DELETE", "/me", person.token).status == 204
    with stage.app.app_context():
        run_jobs(stage)
        assert found(canaries, everywhere(stage, folder)) == {}


def db_is_sqlite(stage: Stage) -> bool:
    """Whether the pairs of the search stand in an index of their own."""
    with stage.app.app_context():
        return is_sqlite()

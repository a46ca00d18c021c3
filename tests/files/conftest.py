"""A unit with people, their log-ins, and a storage of the test's own."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.files import service
from app.files.models import File
from app.files.reading import read_content
from app.files.storage import LocalStorage
from app.identity import service as identity
from app.identity.states import Channel
from app.kernel.actor import Actor
from app.kernel.database import transaction
from app.kernel.http import App
from app.organisation import service as organisation
from app.organisation.models import Unit
from app.people import service as people
from tests.files import samples

SYSTEM = Actor.system("test")
Headers = dict[str, str]


@pytest.fixture(autouse=True)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where this test's files lie."""
    place = tmp_path / "files"
    if "app" in request.fixturenames:
        app: App = request.getfixturevalue("app")
        app.extensions["storage"] = LocalStorage(place)
        request.addfinalizer(lambda: app.extensions.pop("storage", None))
    return place


@pytest.fixture
def unit(app: App) -> Unit:
    """A district with the roles that ship."""
    with transaction():
        people.seed_roles(SYSTEM)
        return organisation.found_district(SYSTEM, "照片测试区")


NewPerson = Callable[..., Actor]


@pytest.fixture
def new_person(unit: Unit) -> NewPerson:
    """Makes a resident, at home in the unit unless told otherwise."""

    def make(name: str = "王小明", *, at_home: bool = True) -> Actor:
        with transaction():
            home = unit.id if at_home else None
            person = people.create_person(SYSTEM, name=name, home_unit_id=home)
        return Actor(person.id, name)

    return make


@pytest.fixture
def resident(new_person: NewPerson) -> Actor:
    """Someone who uploads."""
    return new_person()


@pytest.fixture
def neighbour(new_person: NewPerson) -> Actor:
    """Someone else."""
    return new_person("李建国")


LogIn = Callable[[Actor], Headers]


@pytest.fixture
def log_in(app: App) -> LogIn:
    """Logs a person in."""

    def enter(actor: Actor) -> Headers:
        with transaction():
            issued = identity.open_session(SYSTEM, actor.own_id, Channel.WECHAT, device="test")
        return {"Authorization": f"Bearer {issued.access_token}"}

    return enter


def keep(actor: Actor, data: bytes | None = None) -> File:
    """Uploads through the service."""
    content = read_content(data or samples.jpeg())
    with transaction():
        return service.upload(actor, content)


def send(client: FlaskClient, headers: Headers, data: bytes, name: str = "a.jpg") -> TestResponse:
    """Uploads through the door."""
    # By hand, since the test client leaves its own temporary files open.
    frame = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return client.post(
        "/api/v1/files",
        data=frame.encode() + data + b"\r\n--x--\r\n",
        content_type="multipart/form-data; boundary=x",
        headers=headers,
    )


def code_of(answer: TestResponse) -> tuple[int, str]:
    """Status and code of a refusal."""
    assert answer.content_type == "application/problem+json"
    body = answer.get_json()
    assert body["detail"].endswith("。")
    return answer.status_code, str(body["code"])


def names_in(folder: Path) -> list[str]:
    """Names of all stored files."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file())

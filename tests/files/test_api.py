"""The two doors: taking files in, and showing them by signed addresses."""

from datetime import datetime
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image

from app.files import api, queries, service
from app.files.media.pictures import LARGEST_PICTURE
from app.files.models import File
from app.files.reading import Content, read_content
from app.files.signed import PATH, address
from app.files.states import LARGEST_BODY, Variant
from app.kernel import crypto
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session, transaction
from tests.conftest import Clock, count
from tests.files import samples
from tests.files.conftest import Headers, LogIn, code_of, keep, names_in, send

MORNING = "2026-03-02T09:00:00+08:00"


@pytest.fixture
def headers(resident: Actor, log_in: LogIn) -> Headers:
    """The resident's log-in."""
    return log_in(resident)


def test_upload_and_show(client: FlaskClient, headers: Headers, clock: Clock) -> None:
    """What comes back can be shown, to anybody who has the address."""
    clock.set(MORNING)
    answer = send(client, headers, samples.jpeg(orientation=1))
    assert answer.status_code == 201
    body = answer.get_json()
    assert list(body) == [
        "id",
        "url",
        "thumbnail_url",
        "content_type",
        "width",
        "height",
        "seconds",
    ]
    assert (body["content_type"], body["width"], body["height"]) == ("image/jpeg", 200, 100)
    assert body["seconds"] is None
    shown = client.get(body["url"])
    assert Image.open(BytesIO(shown.data)).format == "JPEG"
    for url in (body["url"], body["thumbnail_url"]):
        shown = client.get(url)
        assert shown.status_code == 200
        assert Image.open(BytesIO(shown.data)).size == (200, 100)
        assert shown.content_type == "image/jpeg"
        assert shown.headers["X-Content-Type-Options"] == "nosniff"
        assert shown.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert shown.headers["Content-Disposition"] == "inline; filename=picture.jpg"
        assert shown.headers["Cache-Control"] == "private, max-age=600"
    head = client.head(body["url"])
    assert head.status_code == 200
    assert head.data == b""
    assert head.headers["Content-Length"] == str(len(client.get(body["url"]).data))
    clock.set("2026-03-02T09:03:20+08:00")
    assert client.get(body["url"]).headers["Cache-Control"] == "private, max-age=400"
    same = client.get(body["url"], headers={"If-None-Match": shown.headers["ETag"]})
    assert same.status_code == 200
    again = client.get(body["thumbnail_url"], headers={"If-None-Match": shown.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_voice_in_pieces(client: FlaskClient, headers: Headers) -> None:
    """Players ask for ranges."""
    body = send(client, headers, samples.mp3(5), "voice.txt").get_json()
    assert (body["content_type"], body["seconds"]) == ("audio/mpeg", 5)
    assert body["thumbnail_url"] is body["width"] is body["height"] is None
    whole = client.get(body["url"]).data
    part = client.get(body["url"], headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.data) == (206, whole[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(whole)}"
    assert part.headers["Content-Disposition"] == "inline; filename=voice.mp3"
    beyond = client.get(body["url"], headers={"Range": "bytes=999999-"})
    assert code_of(beyond) == (416, "range.invalid")


def test_name_and_declared_type_count_for_nothing(client: FlaskClient, headers: Headers) -> None:
    """A picture called a page is a picture; a page called a picture is refused."""
    assert send(client, headers, samples.png(), "page.html").status_code == 201
    fake = send(client, headers, b"<script>alert(1)</script>", "picture.png")
    assert code_of(fake) == (422, "file.not_a_picture")


def test_refusals(client: FlaskClient, headers: Headers, folder: Path) -> None:
    """Each has its code, and nothing is kept."""
    cases = {
        "file.missing": b"",
        "file.not_a_picture": b"plain words",
        "file.broken": samples.jpeg()[:500],
        "file.too_many_pixels": samples.png_header(20000, 20000),
        "file.too_long": samples.amr(61),
        "file.too_large": samples.jpeg() + bytes(LARGEST_PICTURE),
    }
    for code, data in cases.items():
        assert code_of(send(client, headers, data)) == (422, code)
    assert count(File) == 0
    assert names_in(folder) == []


def test_parts(client: FlaskClient, headers: Headers) -> None:
    """Exactly one part, and its name is `file`."""

    def posted(**parts: object) -> tuple[int, str]:
        return code_of(client.post("/api/v1/files", data=parts, headers=headers))

    def picture() -> tuple[BytesIO, str]:
        return BytesIO(samples.jpeg()), "a.jpg"

    assert posted(file=picture(), other=picture()) == (422, "file.parts")
    assert posted(file=[picture(), picture()]) == (422, "file.parts")
    assert posted(file=picture(), words="text") == (422, "file.parts")
    assert posted(photo=picture()) == (422, "file.missing")
    assert posted(file="only words") == (422, "file.missing")
    assert posted() == (422, "file.missing")
    as_json = client.post("/api/v1/files", json={"file": "x"}, headers=headers)
    assert code_of(as_json) == (422, "file.missing")


def test_body_too_large(client: FlaskClient, headers: Headers) -> None:
    """Refused by its length, before it is read."""
    answer = send(client, headers, bytes(LARGEST_BODY + 1))
    assert code_of(answer) == (413, "file.too_large")


def test_decoded_before_the_transaction(
    client: FlaskClient, headers: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow phone and a large picture hold no connection and, on SQLite, no writer's place."""
    holding: list[bool] = []

    def spy(data: bytes) -> Content:
        holding.append(session.registry.has())
        return read_content(data)

    monkeypatch.setattr(api, "read_content", spy)
    assert send(client, headers, samples.jpeg()).status_code == 201
    assert holding == [False]


def test_needs_a_log_in(client: FlaskClient, folder: Path) -> None:
    """Nobody uploads unknown; nothing is decoded for them."""
    assert code_of(send(client, {}, samples.jpeg())) == (401, "session.required")
    assert code_of(send(client, {}, b"broken")) == (401, "session.required")
    assert names_in(folder) == []


def test_quota(client: FlaskClient, headers: Headers, monkeypatch: pytest.MonkeyPatch) -> None:
    """429 with the time to wait."""
    monkeypatch.setattr(service, "usage_of", lambda *_: queries.Usage(10**9, 0))
    answer = send(client, headers, samples.jpeg())
    assert code_of(answer) == (429, "file.quota_exceeded")
    assert 0 < int(answer.headers["Retry-After"]) <= 86401


def test_repeated_upload(client: FlaskClient, headers: Headers) -> None:
    """Under one key the same picture is kept once; another picture needs another key."""
    keyed = {**headers, "Idempotency-Key": "one"}
    picture = samples.jpeg()
    first = send(client, keyed, picture)
    again = send(client, keyed, picture)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json()["id"] == again.get_json()["id"]
    assert count(File) == 1
    assert code_of(send(client, keyed, samples.png())) == (422, "idempotency.key_reused")


def signed(client: FlaskClient, name: str) -> tuple[int, str]:
    """The answer to an address."""
    return code_of(client.get(PATH + name))


def test_expired(client: FlaskClient, resident: Actor, clock: Clock) -> None:
    """An address holds for at least five minutes and at most ten."""
    clock.set("2026-03-02T09:04:59+08:00")
    url = queries.link_to(keep(resident)).url
    clock.set("2026-03-02T09:09:59+08:00")
    assert client.get(url).status_code == 200
    clock.set("2026-03-02T09:10:00+08:00")
    assert code_of(client.get(url)) == (404, "not_found")
    url = queries.link_to(keep(resident)).url
    clock.set("2026-03-02T09:20:00+08:00")
    assert code_of(client.get(url)) == (404, "not_found")


def test_forged(client: FlaskClient, resident: Actor, clock: Clock) -> None:
    """Another file, form or end, a changed or foreign signature: all the same 404."""
    clock.set(MORNING)
    file, other = keep(resident), keep(resident)
    good = queries.link_to(file).url.removeprefix(PATH)
    assert client.get(PATH + good).status_code == 200
    name, variant, end, signature = good.split(".")
    forged = [
        f"{other.name}.{variant}.{end}.{signature}",
        f"{name}.small.{end}.{signature}",
        f"{name}.{variant}.{int(end) + 300}.{signature}",
        f"{name}.{variant}.{end}.{signature[:-1]}{'A' if signature[-1] != 'A' else 'B'}",
        f"{name}.{variant}.{end}.",
        f"{name}.{variant}.{end}",
        # Signed with the right key, for another purpose.
        f"{name}.{variant}.{end}.{crypto.sign(f'{name}.{variant}.{end}')}",
        "签名",
        "....",
        "%00",
        name,
        str(file.id),
    ]
    assert {signed(client, text) for text in forged} == {(404, "not_found")}
    head = client.head(PATH + forged[0])
    assert head.status_code == 404


def test_deleted(client: FlaskClient, resident: Actor, folder: Path) -> None:
    """Gone at once, though the bytes wait for the job; a file whose bytes are lost is a 404 too."""
    file, lost = keep(resident), keep(resident)
    urls = [queries.link_to(file).url, queries.link_to(lost).url]
    with transaction():
        service.delete_files([file.id])
    (folder / lost.name[:2] / lost.name[2:4] / lost.name).unlink()
    for url in urls:
        assert code_of(client.get(url)) == (404, "not_found")


def test_voice_has_no_thumbnail(client: FlaskClient, resident: Actor) -> None:
    """Even an address that is signed shows nothing."""
    file = keep(resident, samples.amr(2))
    assert code_of(client.get(address(file.name, Variant.SMALL, now()))) == (404, "not_found")


def test_address_says_nothing(resident: Actor, clock: Clock) -> None:
    """Neither person nor number of the file; the end is the last full five minutes of ten."""
    clock.set("2026-03-02T09:07:00+08:00")
    name, variant, end, _ = queries.link_to(keep(resident)).url.removeprefix(PATH).split(".")
    assert len(name) == 32
    assert variant == "full"
    assert int(end) == datetime.fromisoformat("2026-03-02T09:15:00+08:00").timestamp()

"""One person's uploads do not stop the others: what costs little is asked before what costs much."""

import struct
import threading
import time
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

from app.files import api, queries, service, turns
from app.files.media import boxes, headers, mp3, pictures
from app.files.reading import Content, read_content
from app.kernel import limits
from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.errors import Invalid, TooMany, Unavailable
from tests.files import samples
from tests.files.conftest import Headers, LogIn, code_of, send

HOSTILE_SIDE = 7071


def flat_webp(side: int) -> bytes:
    """A picture of one colour: very few bytes for very many pixels."""
    out = BytesIO()
    Image.new("RGB", (side, side)).save(out, "WEBP", lossless=True)
    return out.getvalue()


@pytest.fixture
def no_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is decoded fails the test."""

    def never(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(pictures, "_DECODERS", dict.fromkeys(pictures._DECODERS, never))


@pytest.mark.usefixtures("no_decoder")
def test_many_pixels_in_few_bytes(client: FlaskClient, resident: Actor, log_in: LogIn) -> None:
    """Fifty million pixels in some bytes are no photo; nothing is decoded."""
    hostile = flat_webp(HOSTILE_SIDE)
    assert len(hostile) < 2000
    entered = log_in(resident)
    for _ in range(3):
        assert code_of(send(client, entered, hostile)) == (422, "file.too_many_pixels")


def test_a_picture_with_bytes_for_its_pixels() -> None:
    """Four million pixels may be of one colour; more need a byte for each two hundred."""
    assert read_content(flat_webp(2000)).width == 2000
    header = headers.Header("JPEG", 5000, 5000)
    with pytest.raises(Invalid, match=r"file\.too_many_pixels"):
        pictures.clean_picture(bytes(124_999), header)
    with pytest.raises(Invalid, match=r"file\.broken"):
        pictures.clean_picture(bytes(125_000), header)


@pytest.mark.usefixtures("no_decoder")
@pytest.mark.parametrize("usage", [queries.Usage(10**9, 0), queries.Usage(0, 10**4)])
def test_the_quota_is_asked_first(
    client: FlaskClient,
    resident: Actor,
    log_in: LogIn,
    monkeypatch: pytest.MonkeyPatch,
    usage: queries.Usage,
) -> None:
    """Whoever has uploaded enough makes nobody decode."""
    monkeypatch.setattr(service, "usage_of", lambda *_: usage)
    answer = send(client, log_in(resident), samples.jpeg())
    assert code_of(answer) == (429, "file.quota_exceeded")


def test_one_upload_of_a_person_at_a_time(
    client: FlaskClient,
    resident: Actor,
    neighbour: Actor,
    log_in: LogIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A second one is refused before it is read; a neighbour's is taken meanwhile."""
    mine, theirs = log_in(resident), log_in(neighbour)
    inside: list[tuple[int, str]] = []
    statuses: list[int] = []

    def slow(data: bytes) -> Content:
        monkeypatch.setattr(api, "read_content", read_content)
        second = send(client, mine, samples.png())
        inside.append(code_of(second))
        assert int(second.headers["Retry-After"]) == 1
        statuses.append(send(client, theirs, samples.png()).status_code)
        return read_content(data)

    monkeypatch.setattr(api, "read_content", slow)
    assert send(client, mine, samples.jpeg()).status_code == 201
    assert inside == [(429, "file.one_at_a_time")]
    assert statuses == [201]
    assert not turns._busy


def test_a_refused_upload_gives_the_turn_back(
    client: FlaskClient, resident: Actor, log_in: LogIn
) -> None:
    """Otherwise the person could never upload again."""
    mine = log_in(resident)
    assert code_of(send(client, mine, b"plain words")) == (422, "file.not_a_picture")
    assert send(client, mine, samples.jpeg()).status_code == 201


def test_sixteen_at_once() -> None:
    """Of the uploads of one person one goes on, and fifteen are refused without waiting."""
    begun, refused = threading.Barrier(17), threading.Semaphore(0)
    goes_on = threading.Event()
    taken: list[int] = []

    def upload() -> None:
        begun.wait()
        try:
            with turns.turn_of(1):
                taken.append(1)
                goes_on.wait(20)
        except TooMany:
            refused.release()

    threads = [threading.Thread(target=upload) for _ in range(16)]
    for thread in threads:
        thread.start()
    begun.wait()
    assert all(refused.acquire(timeout=10) for _ in range(15))
    goes_on.set()
    for thread in threads:
        thread.join()
    assert len(taken) == 1
    assert not turns._busy


def test_the_decoders_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two are decoded and two wait; the next one is asked to come again at once."""
    monkeypatch.setattr(pictures, "_line", threading.BoundedSemaphore(2))
    with pictures._line, pictures._line, pictures._waiting, pictures._waiting:
        before = time.monotonic()
        with pytest.raises(Unavailable, match=r"file\.busy"):
            read_content(samples.jpeg())
        assert time.monotonic() - before < 1
    monkeypatch.setattr(pictures, "_PATIENCE_SECONDS", 0.01)
    with pictures._line, pictures._line, pytest.raises(Unavailable, match=r"file\.busy"):
        read_content(samples.jpeg())
    assert read_content(samples.jpeg()).width == 200
    assert all(pictures._waiting.acquire(blocking=False) for _ in range(2))
    for _ in range(2):
        pictures._waiting.release()


def test_the_third_photo_waits_for_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three people who upload at the same moment are all served."""
    monkeypatch.setattr(pictures, "_line", threading.BoundedSemaphore(2))
    assert pictures._PATIENCE_SECONDS == 3
    with pictures._line:
        pictures._line.acquire()
        first = threading.Timer(0.6, pictures._line.release)
        first.start()
        assert read_content(samples.jpeg()).width == 200
        first.join()


def test_a_busy_answer_does_not_use_up_the_hour(
    client: FlaskClient, resident: Actor, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was asked to come again may do so sixty times and is still served."""
    mine = log_in(resident)
    monkeypatch.setattr(pictures, "_line", threading.BoundedSemaphore(1))
    monkeypatch.setattr(pictures, "_PATIENCE_SECONDS", 0)
    with pictures._line:
        answers = {code_of(send(client, mine, samples.jpeg())) for _ in range(61)}
    assert answers == {(503, "file.busy")}
    assert send(client, mine, samples.jpeg()).status_code == 201


@pytest.mark.usefixtures("no_decoder")
def test_the_hour_is_asked_first(
    client: FlaskClient, resident: Actor, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After sixty uploads of an hour nothing more is decoded."""
    mine = log_in(resident)
    for _ in range(60):
        limits.count(resident, "files.upload_file")
    session.commit()
    monkeypatch.setattr(api, "read_content", None)
    assert code_of(send(client, mine, samples.jpeg())) == (429, "rate.exceeded")


def test_failed_uploads_count(client: FlaskClient, resident: Actor, log_in: LogIn) -> None:
    """What is refused after it was read has cost as much as what is kept."""
    mine: Headers = log_in(resident)
    answers = [code_of(send(client, mine, b"plain words")) for _ in range(61)]
    assert answers == [(422, "file.not_a_picture")] * 60 + [(429, "rate.exceeded")]


def _jpeg_with(part: bytes) -> bytes:
    data = samples.jpeg()
    return data[:2] + part + data[2:]


def _png_with(part: bytes) -> bytes:
    data = samples.png()
    return data[:-12] + part + data[-12:]


def _m4a_with(part: bytes) -> bytes:
    return samples.m4a(1) + part


_CHUNK = struct.pack(">I4sI", 0, b"teSt", 0xB2B3BF0F)
PARTS: dict[str, Any] = {
    "segments of a JPEG": (_jpeg_with, b"\xff\xfe\x00\x02", headers.MOST_PARTS),
    "filling of a JPEG": (_jpeg_with, b"\xff", headers.MOST_PARTS),
    "restarts of a JPEG": (_jpeg_with, b"\xff\xd0", headers.MOST_PARTS),
    "chunks of a PNG": (_png_with, _CHUNK, headers.MOST_PARTS),
    "boxes of an M4A": (_m4a_with, samples.box(b"free"), boxes.MOST_BOXES),
    "tags of an MP3": (lambda part: part + samples.mp3(1), samples.id3v2(b""), mp3._MOST_TAGS),
}


@pytest.mark.parametrize("kind", PARTS)
def test_a_file_of_endless_parts(kind: str) -> None:
    """The parsers run in Python, so the number of their steps has a limit that no photo comes near."""
    make, part, most = PARTS[kind]
    with pytest.raises(Invalid, match=r"file\.(broken|not_a_picture)"):
        read_content(make(part * (most + 1)))


@pytest.mark.parametrize("kind", ["segments of a JPEG", "chunks of a PNG", "boxes of an M4A"])
def test_a_file_of_many_parts(kind: str) -> None:
    """A tenth of the limit is no trouble."""
    make, part, most = PARTS[kind]
    assert read_content(make(part * (most // 10))).size > 0


def test_other_threads_go_on_while_a_picture_is_written() -> None:
    """Pillow keeps the interpreter's lock when it writes into memory, and not into a file."""
    picture = Image.effect_noise((2000, 2000), 50).convert("RGB")
    over, turns_taken = threading.Event(), 0

    def write() -> None:
        pictures._encoded(picture)
        over.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not over.wait(0.005):
        turns_taken += 1
    writer.join()
    assert turns_taken >= 10

"""The texts to which people consent: shipped ones, a city's own, and the door to them."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.people.documents import SHIPPED, read_documents
from app.people.states import Document
from tests.people.conftest import problem


def test_every_document_ships_with_a_text() -> None:
    """Each has a title and words that can be read aloud."""
    texts = read_documents("")
    assert set(texts) == set(Document)
    assert {text.version for text in texts.values()} == {1}
    assert all(len(text.text) > 80 for text in texts.values())
    assert len({text.title for text in texts.values()}) == len(Document)
    assert {file.name for file in SHIPPED.iterdir()} == {f"{kind}.1.md" for kind in Document}


def test_the_newest_file_of_the_city_is_in_force(tmp_path: Path) -> None:
    """By its number, not by its name; what the city does not write is the shipped text."""
    for number in (2, 9, 10):
        file = tmp_path / f"privacy.{number}.md"
        file.write_text(f"# 本市隐私政策\n\n第{number}版。\n", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("别的东西", encoding="utf-8")
    texts = read_documents(str(tmp_path))
    privacy = texts[Document.PRIVACY]
    assert (privacy.title, privacy.version, privacy.text) == ("本市隐私政策", 10, "第10版。")
    assert texts[Document.EXACT_LOCATION] == read_documents("")[Document.EXACT_LOCATION]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("privcy.2.md", "# 隐私\n\n正文。"),
        ("privacy.md", "# 隐私\n\n正文。"),
        ("privacy.0.md", "# 隐私\n\n正文。"),
        ("privacy.2.md", "隐私\n\n正文。"),
        ("privacy.2.md", "# 隐私\n\n"),
    ],
)
def test_a_wrong_file_stops_the_start(tmp_path: Path, name: str, content: str) -> None:
    """It is named; a slip of the pen would leave an old text in force."""
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(RuntimeError, match=name):
        read_documents(str(tmp_path))


def test_a_missing_folder_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="CONSENT_DOCUMENTS"):
        read_documents(str(tmp_path / "nowhere"))


@pytest.mark.parametrize("kind", Document)
def test_anybody_reads_the_text(client: FlaskClient, kind: Document) -> None:
    """Kind, title, version and text."""
    answer = client.get(f"/api/v1/consent-documents/{kind}")
    text = read_documents("")[kind]
    assert answer.status_code == 200
    assert answer.get_json() == {
        "kind": kind,
        "title": text.title,
        "version": 1,
        "text": text.text,
    }


def test_an_unknown_document_is_404(client: FlaskClient) -> None:
    unknown = client.get("/api/v1/consent-documents/nonsense")
    assert problem(unknown) == (404, "consent.document_unknown")

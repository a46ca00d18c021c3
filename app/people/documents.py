"""The texts to which people consent: files that a city may edit, one for each document and version."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.people.states import Document

SHIPPED = Path(__file__).with_name("texts")
_NAME = re.compile(r"([a-z_]+)\.([1-9][0-9]{0,5})\.md")


@dataclass(frozen=True, slots=True)
class DocumentText:
    """One version of a document: its Chinese title and the text that a person reads."""

    kind: Document
    title: str
    version: int
    text: str


# What is in force, as the program has read it at its start. They are values and not functions, because
# the statements of every claim and every order ask for the versions.
TEXTS: dict[Document, DocumentText] = {}
VERSIONS: dict[Document, int] = {}


def text_in_force(kind: Document) -> DocumentText:
    """Returns the version of the document that is in force."""
    return TEXTS[kind]


def put_in_force(texts: Mapping[Document, DocumentText]) -> None:
    """Lets these versions hold from now on, in this process."""
    TEXTS.update(texts)
    VERSIONS.update({kind: text.version for kind, text in texts.items()})


def read_documents(folder: str) -> dict[Document, DocumentText]:
    """Returns the newest version of each document.

    `folder` is the city's, "" for none; a document that it lacks is the shipped one. A file is named
    `privacy.2.md` (document, version); its first line is the title, after `# `. Raises RuntimeError,
    which stops the start, for a folder that is missing, an `.md` file with another name, or one without
    title or text.
    """
    found = _newest(SHIPPED)
    return found | (_newest(Path(folder)) if folder else {})


def _newest(folder: Path) -> dict[Document, DocumentText]:
    if not folder.is_dir():
        raise RuntimeError(f"CONSENT_DOCUMENTS：没有文件夹 {folder}。 / no folder {folder}")
    texts = sorted((_read(file) for file in folder.glob("*.md")), key=lambda text: text.version)
    return {text.kind: text for text in texts}


def _read(file: Path) -> DocumentText:
    named = _NAME.fullmatch(file.name)
    if named is None or named[1] not in set(Document):
        known = "、".join(Document)
        raise RuntimeError(
            f"{file}：文件名应为“说明.版本.md”，如 privacy.2.md；说明是以下之一：{known}。"
            " / a text is named DOCUMENT.VERSION.md"
        )
    title, _, text = file.read_text(encoding="utf-8").partition("\n")
    if not title.startswith("# ") or not text.strip():
        raise RuntimeError(
            f"{file}：第一行应为“# 标题”，下面是正文。 / a title after # comes first, then the text"
        )
    return DocumentText(Document(named[1]), title[2:].strip(), int(named[2]), text.strip())

"""The page of the API: all that it loads comes from this server, and the browser is told so."""

import re
from html.parser import HTMLParser
from pathlib import Path

from flask.testing import FlaskClient

STATIC = Path(__file__).resolve().parents[2] / "app" / "static"
ELSEWHERE = re.compile(r"(?:https?:|wss?:)?//[\w.-]+\.\w", re.IGNORECASE)


class Named(HTMLParser):
    """All addresses that a page names, and whether it carries scripts or styles of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.inline: list[str] = []
        self.title = ""
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes addresses, event attributes and styles."""
        given = dict(attrs)
        self._inside = tag
        self.addresses += [
            str(value) for name, value in attrs if name in {"src", "href", "data-openapi"}
        ]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        self.inline += [name for name in given if name == "style" or name.startswith("on")]

    def handle_data(self, data: str) -> None:
        """Keeps the title."""
        if self._inside == "title":
            self.title += data.strip()


def read(client: FlaskClient) -> Named:
    """The page as it is served."""
    answer = client.get("/api/docs")
    assert answer.status_code == 200
    assert answer.content_type == "text/html; charset=utf-8"
    page = Named()
    page.feed(answer.get_data(as_text=True))
    return page


def test_everything_it_names_is_served_here(client: FlaskClient) -> None:
    """Scripts, styles and the document itself; none is missing, none is another host's."""
    page = read(client)
    assert page.title == "三单社区服务 · 接口文档"
    addresses = [address for address in page.addresses if address != "data:,"]
    assert "/api/v1/openapi.json" in addresses
    assert sum(address.endswith(".js") for address in addresses) == 2
    assert sum(address.endswith(".css") for address in addresses) == 2
    for address in addresses:
        assert re.match(r"/[^/]", address), address
        with client.get(address) as answer:
            assert answer.status_code == 200, address
            assert answer.content_length, address


def test_it_names_no_other_host(client: FlaskClient) -> None:
    """Neither do its own script and styles; the vendored styles load nothing but drawn-in signs."""
    assert not ELSEWHERE.search(client.get("/api/docs").get_data(as_text=True))
    for name in ("docs.js", "docs.css"):
        assert not ELSEWHERE.search((STATIC / name).read_text(encoding="utf-8"))
    vendored = (STATIC / "vendor/swagger-ui/swagger-ui.css").read_text(encoding="utf-8")
    loaded = re.findall(r"url\(['\"]?(.{5})", vendored)
    assert set(loaded) == {"data:"}
    assert "@import" not in vendored


def test_the_browser_is_told_to_load_nothing_else(client: FlaskClient) -> None:
    """A policy that begins with nothing, without eval, inline scripts or inline styles."""
    policy = client.get("/api/docs").headers["Content-Security-Policy"]
    rules = {words[0]: words[1:] for part in policy.split(";") if (words := part.split())}
    assert rules["default-src"] == ["'none'"]
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == ["'self'"]
    assert set(rules["img-src"]) <= {"'self'", "data:"}
    assert rules["base-uri"] == rules["frame-ancestors"] == ["'none'"]
    assert "unsafe" not in policy
    assert "*" not in policy
    assert read(client).inline == []


def test_what_others_wrote_stands_with_its_licence_and_version() -> None:
    """Each vendored folder has its licence, and a line that says which version it is."""
    lines = (STATIC / "vendor" / "README.md").read_text(encoding="utf-8").splitlines()
    folders = [folder for folder in (STATIC / "vendor").iterdir() if folder.is_dir()]
    assert folders
    for folder in folders:
        assert any(path.name.startswith("LICENSE") for path in folder.iterdir()), folder.name
        (line,) = [line for line in lines if line.startswith(f"| `{folder.name}/` |")]
        assert re.search(r"\| \d+\.\d+\.\d+ \|", line)

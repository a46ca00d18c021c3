"""No phone stands in the address of a request: every text of every query string refuses one."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest

from app.kernel.crypto import holds_phone
from app.kernel.http import App
from tests.contract.conformance import Contract
from tests.world import World

pytestmark = pytest.mark.slow

WRITTEN = (
    "13812345678",
    "138 1234 5678",
    "138-1234-5678",
    "138.1234/5678",
    "+86 138-1234-5678",
    "008613812345678",
    "１３８１２３４５６７８",
    "一三八一二三四五六七八",
    "幺三八幺二三四五六七八",
    "找王家138 1234 5678问问",
    "2 13812345678 13912345678",
    "0531-88880000",
    "(010)8888 0000 转 12",
    "400-812-3456",
)
NO_PHONES = (
    "路灯不亮",
    "三号楼二单元",
    "261201000123",
    "1201000123",
    "000123",
    "2026-12-01",
    "138123",
    "3号楼 2单元 501",
)
# Words of the program and places in a list; nobody writes them.
NOT_WRITTEN = {"cursor"}


def texts(contract: Contract) -> Iterator[tuple[str, str]]:
    """Path and name of each parameter of a query string in which somebody may write words."""
    for path, operations in contract.document["paths"].items():
        for operation in operations.values():
            for given in operation.get("parameters", ()) if isinstance(operation, dict) else ():
                schema = given.get("schema", {})
                is_text = "string" in str(schema.get("type")) and not {"enum", "format"} & set(
                    schema
                )
                if given["in"] == "query" and is_text and given["name"] not in NOT_WRITTEN:
                    yield path, given["name"]


def test_every_text_of_a_query_refuses_a_phone(app: App, world: World) -> None:
    """However it is written, whoever asks; other words are read."""
    found = set(texts(Contract.of(app)))
    assert {("/api/v1/orders", "q"), ("/api/v1/places", "q"), ("/api/v1/audit", "action")} <= found
    for path, name in sorted(found):
        plain = path.removeprefix("/api/v1").replace("{", "").replace("}", "")
        plain = "/".join("1" if part.endswith("_id") else part for part in plain.split("/"))
        for phone in WRITTEN:
            answer = world.get("dispatcher", f"{plain}?{name}={quote(phone)}")
            assert (answer.status_code, answer.get_json()["code"]) == (422, "search.phone"), (
                path,
                phone,
            )
        for words in NO_PHONES:
            answer = world.get("dispatcher", f"{plain}?{name}={quote(words)}")
            assert (answer.get_json(silent=True) or {}).get("code") != "search.phone", (path, words)


def test_no_parameter_is_a_phone(app: App) -> None:
    """Neither in a path nor in a query string by its name."""
    for path, operations in Contract.of(app).document["paths"].items():
        assert "phone" not in path.replace("/phone-entries", "").replace("/me/phone", ""), path
        for operation in operations.values():
            for given in operation.get("parameters", ()) if isinstance(operation, dict) else ():
                assert "phone" not in given.get("name", ""), path


@pytest.mark.parametrize("phone", WRITTEN)
def test_a_phone_is_found(phone: str) -> None:
    """As people write it."""
    assert holds_phone(phone)
    assert holds_phone(f"请找 {phone}，谢谢")


@pytest.mark.parametrize("words", NO_PHONES)
def test_no_phone_is_found(words: str) -> None:
    """Words, numbers of orders and of houses, days."""
    assert not holds_phone(words)

"""Names, phones and addresses of a file stand nowhere in clear, neither imported nor waiting."""

import io

from sqlalchemy import Text, select, type_coerce

from app.intake.models import ImportRow
from app.kernel.database import db, session
from app.orders.ticket.models import OrderContact
from app.orders.views.one import view_of
from tests.conftest import count
from tests.intake.conftest import Desk, counts
from tests.intake.invented import LEDGER, Row, as_excel, ledger_row
from tests.privacy.dump import leaks

ROWS: list[Row] = [ledger_row(1), ledger_row(2, 匿名="是"), ledger_row(3, 电话="问传达室老周")]


def stored() -> str:
    """Every value of every table, as text."""
    return "\n".join(
        str(tuple(row))
        for table in db.metadata.sorted_tables
        for row in session.execute(select(*(type_coerce(c, Text) for c in table.columns)))
    )


def secrets() -> list[str]:
    """What must not be read."""
    return [row[column] for row in ROWS for column in ("诉求人", "电话", "地址")]


def leaked(words: list[str]) -> set[str]:
    """Which of the words stand in some table, also as JSON writes them."""
    return {word for word, _ in leaks(words, {"rows": stored().encode()})}


def test_imported(desk: Desk) -> None:
    assert counts(desk.ledger(ROWS).output) == (3, 2, 0, 1)
    # The search sees what is there.
    assert leaked(["楼道的灯不亮", "la311", "ledger@"]) == {"楼道的灯不亮", "ledger@"}
    assert leaked(secrets()) == set()
    contact = session.get_one(OrderContact, desk.order("2024-0001").id)
    assert OrderContact.opened(contact, "name") == "诸葛1号"
    assert OrderContact.opened(contact, "phone") == "13500000001"
    assert OrderContact.opened(contact, "address") == "青梧路1弄暗号室"


def test_waiting_to_be_entered(desk: Desk) -> None:
    file = (io.BytesIO(as_excel(ROWS, LEDGER)), "诸葛1号.xlsx")
    unit = {"file": file, "unit_id": str(desk.world.community.id)}
    client, headers = desk.app.test_client(), desk.world.login("dispatcher")
    answer = client.post("/api/v1/imports", data=unit, headers=headers)
    assert answer.status_code == 201, answer.json
    assert count(ImportRow) == 3
    assert leaked([*secrets(), "楼道的灯"]) == set()
    # What is wrong is told without it.
    told = answer.get_data(as_text=True)
    assert "不像电话号码" in told
    assert not [secret for secret in secrets() if secret in told]


def test_who_asked_for_silence_is_known_to_the_dispatcher_alone(desk: Desk) -> None:
    desk.ledger(ROWS)
    anonymous = desk.order("2024-0002")
    assert anonymous.anonymous
    seen = {
        who: view_of(desk.world.actor(who), anonymous).contact for who in ("dispatcher", "grid")
    }
    assert seen == {"dispatcher": {"name": "诸***", "phone": "135****0002"}, "grid": None}
    assert desk.world.post("grid", f"/orders/{anonymous.id}/reveal", fields=["contact"],
                           reason="上门").status_code == 403  # fmt: skip


def test_a_resident_who_proves_the_phone_finds_the_old_orders(desk: Desk) -> None:
    """By the blind index, as with every order that staff have entered."""
    desk.ledger(ROWS)
    order = desk.order("2024-0001")
    assert order.contact_index is not None
    found = desk.world.get("dispatcher", "/orders?q=13500000001").json or {}
    assert [item["id"] for item in found["items"]] == [order.id]

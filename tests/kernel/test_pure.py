"""Sealing, tokens, masks, the clock, the actor, pages."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from app.kernel import clock as clocks
from app.kernel.actor import Actor, Grant
from app.kernel.audit import AuditRow
from app.kernel.clock import local_date, now, to_local
from app.kernel.crypto import (
    blind_index,
    hash_token,
    mask_name,
    mask_phone,
    normalise_phone,
    random_token,
    seal,
    sign,
    signature_holds,
    unseal,
)
from app.kernel.database import session
from app.kernel.errors import Forbidden, Invalid
from app.kernel.http import App
from app.kernel.pages import Key, paginate
from tests.conftest import Clock


def test_a_seal_opens_in_its_place_alone(whole_app: App) -> None:
    """Another row, another column or a changed byte does not open."""
    with whole_app.app_context():
        sealed = seal("王小明", "people.name:1")
        assert unseal(sealed, "people.name:1") == "王小明"
        assert "王小明" not in sealed
        assert seal("王小明", "people.name:1") != sealed
        for wrong in ("people.name:2", "people.phone:1"):
            with pytest.raises(InvalidTag):
                unseal(sealed, wrong)
        with pytest.raises(InvalidTag):
            unseal(sealed[:-6] + "AAAA==", "people.name:1")


def test_indexes_and_signatures_are_keyed(whole_app: App) -> None:
    """The same in, the same out; another text is another signature."""
    with whole_app.app_context():
        assert blind_index("13800000000") == blind_index("13800000000")
        assert blind_index("13800000000") != blind_index("13800000001")
        assert signature_holds("a.b", sign("a.b"))
        assert not signature_holds("a.c", sign("a.b"))
        assert not signature_holds("a.b", "ü")


def test_tokens_are_long_and_kept_as_hashes() -> None:
    """256 bits, never the same."""
    tokens = {random_token() for _ in range(100)}
    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 43
    assert len(hash_token("a")) == 64


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("138 1234 5678", "13812345678"),
        ("+86-138-1234-5678", "13812345678"),
        ("010-12345678", "01012345678"),
        ("400-123-4567", "4001234567"),
        ("8123456", "8123456"),
    ],
)
def test_phones_are_normalised(raw: str, plain: str) -> None:
    """However they are written."""
    assert normalise_phone(raw) == plain


@pytest.mark.parametrize("raw", ["", "12", "abc", "23812345678", "１３８１２３４５６７８"])
def test_what_is_no_phone_is_refused(raw: str) -> None:
    """With its own code."""
    with pytest.raises(Invalid) as refused:
        normalise_phone(raw)
    assert refused.value.code == "phone.invalid"


def test_masks() -> None:
    """Enough to recognise, too little to know."""
    assert mask_name("王小明") == "王**"
    assert mask_name("王") == "王*"
    assert mask_name("") == ""
    assert mask_phone("13812345678") == "138****5678"
    assert mask_phone("123456") == "****"


def test_the_clock_stands_where_it_is_put(clock: Clock) -> None:
    """Or runs on, shifted; days are those of Shanghai."""
    clock.set("2026-03-01T23:30:00+08:00")
    assert now() == datetime(2026, 3, 1, 15, 30, tzinfo=UTC)
    assert local_date(datetime(2026, 3, 1, 16, 30, tzinfo=UTC)).isoformat() == "2026-03-02"
    assert to_local(now()).isoformat() == "2026-03-01T23:30:00+08:00"
    clock.shift(-3600)
    assert abs(now() + timedelta(hours=1) - datetime.now(UTC)) < timedelta(minutes=1)
    assert clocks.LOCAL.key == "Asia/Shanghai"


def test_a_grant_reaches_its_subtree() -> None:
    """And nothing beside it, however alike the numbers look."""
    actor = Actor(1, "x", (Grant("dispatcher", 4, "/1/4/", frozenset({"orders.see"})),))
    assert actor.may("orders.see", "/1/4/")
    assert actor.may("orders.see", "/1/4/9/")
    assert not actor.may("orders.see", "/1/40/")
    assert not actor.may("orders.see", "/1/")
    assert not actor.may("orders.dispatch", "/1/4/")
    assert actor.paths("orders.see") == ("/1/4/",)
    system = Actor.system("job")
    assert not system.may("orders.see", "/1/4/")
    with pytest.raises(Forbidden):
        assert system.own_id


def test_inner_subtrees_are_left_out() -> None:
    """What lies in another subtree is named once."""
    grants = tuple(
        Grant("r", 1, path, frozenset({"p"})) for path in ("/1/4/9/", "/1/4/", "/1/5/", "/1/4/")
    )
    assert Actor(1, "x", grants).paths("p") == ("/1/4/", "/1/5/")


@settings(max_examples=30, deadline=None)
@given(
    values=st.lists(st.integers(0, 5), max_size=25),
    limit=st.integers(1, 7),
    descending=st.booleans(),
)
def test_pages_hold_every_row_once(
    whole_app: App, values: list[int], limit: int, descending: bool
) -> None:
    """In order, whatever the ties and the size of a page."""
    with whole_app.app_context():
        for value in values:
            session.execute(insert(AuditRow).values(**_row(value)))
        keys = [Key(AuditRow.subject_id, desc=descending), Key(AuditRow.id)]
        mine = select(AuditRow).where(AuditRow.action == "pages")
        found, cursor = [], None
        while True:
            page = paginate(mine, keys, cursor=cursor, limit=limit)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
            assert len(page.items) == limit
        seen = [(row.subject_id, row.id) for row in found]
        session.rollback()
    assert [subject for subject, _ in seen] == sorted(values, reverse=descending)
    assert len(set(seen)) == len(values)


def _row(value: int) -> dict[str, object]:
    return {
        "at": datetime(2026, 3, 2, tzinfo=UTC),
        "actor_name": "",
        "action": "pages",
        "subject_kind": "s",
        "subject_id": value,
        "fields": [],
        "reason": "",
    }


@pytest.mark.parametrize(
    "cursor", ["!", "e30", "WzFd", "WyJhIiwgMV0", "bnVsbA", "W251bGwsMV0", "ü"]
)
def test_a_bad_cursor_is_refused(app: App, cursor: str) -> None:
    """Whatever somebody makes up."""
    assert app
    keys = [Key(AuditRow.at), Key(AuditRow.id)]
    with pytest.raises(Invalid) as refused:
        paginate(select(AuditRow), keys, cursor=cursor, limit=5)
    assert refused.value.code == "cursor.invalid"

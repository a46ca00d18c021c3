"""周通报、月通报: due by the calendar, made once, kept as sent, and read by whoever sees the unit."""

from datetime import date, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from sqlalchemy import select, text, update

from app.deadlines.standing.models import Deadline
from app.kernel.clock import now
from app.kernel.database import session, transaction
from app.kernel.database.fast.rows import inserted
from app.notifications.models import OutboxMessage
from app.orders.ticket.models import Order
from app.organisation.models import Unit
from app.reports import jobs
from app.reports.models import Bulletin
from app.reports.service import bulletins
from app.reports.service.bulletins import Unfinished
from app.reports.states import BulletinKind
from tests.conftest import count
from tests.orders.days import Day
from tests.orders.stages import NOTE
from tests.orders.stories import read
from tests.world import World

pytestmark = pytest.mark.slow

# The week of the history below, and when its bulletin is due.
WEEK, MONDAY = "weekly:2027-03-08", "2027-03-15T08:30:00+08:00"
UNITS = 4


@pytest.fixture
def history(world: World, day: Day) -> dict[str, int]:
    """Due in the week from 8 March: one in time, one refused, one late for want of material, one open."""
    world.lift_caps()
    ids = {name: int(world.order()["id"]) for name in ("good", "refused", "late", "open")}
    for member, name in (("member", "good"), ("member2", "refused"), ("member", "late")):
        world.act("dispatcher", ids[name], "dispatch", mode="pool")
        world.act(member, ids[name], "claim")
    day.go(days=1)
    world.act("member", ids["good"], "complete", note=NOTE)
    world.act("resident", ids["good"], "rate", solved=True, satisfied=True)
    world.act("member2", ids["refused"], "complete", note=NOTE)
    world.act("resident", ids["refused"], "rate", solved=False)
    world.act("dispatcher", ids["refused"], "settle", note=NOTE)
    day.go(days=8)
    world.act("resident", ids["refused"], "rate", solved=True)
    world.act("member", ids["late"], "complete", note=NOTE)
    world.act("member", ids["late"], "lateness", stage="solve", reason="material")
    day.clock.set(MONDAY)
    return ids


def _made(world: World, unit: Unit) -> Bulletin:
    found = select(Bulletin).where(Bulletin.unit_id == unit.id)
    return session.scalars(found.execution_options(populate_existing=True)).one()


def _told(world: World) -> set[str]:
    """Who has been told of a bulletin, by keys of the world."""
    keys = {person_id: key for key, person_id in world.ids.items()}
    found = select(OutboxMessage.recipient_id).where(OutboxMessage.moment == "order.bulletin")
    return {keys[person_id] for person_id in session.scalars(found)}


def _slots(moment: str) -> list[str]:
    with transaction(writing=False):
        return jobs.bulletin_slots(datetime.fromisoformat(moment))


def test_the_slots(world: World, day: Day) -> None:
    """At half past eight of the day after; four weeks and two months, none before the first order."""
    assert _slots("2027-06-01T12:00:00+08:00") == []
    world.order()
    assert _slots("2027-03-08T08:29:59+08:00") == []
    assert _slots("2027-03-08T08:30:00+08:00") == ["weekly:2027-03-01"]
    assert _slots("2027-04-01T08:29:59+08:00") == [
        "weekly:2027-03-01", "weekly:2027-03-08", "weekly:2027-03-15", "weekly:2027-03-22",
    ]  # fmt: skip
    assert _slots("2027-06-07T08:30:00+08:00") == [
        "weekly:2027-05-10", "weekly:2027-05-17", "weekly:2027-05-24", "weekly:2027-05-31",
        "monthly:2027-04-01", "monthly:2027-05-01",
    ]  # fmt: skip


def test_a_sentence_first(world: World, history: dict[str, int]) -> None:
    """Community, street and district; a unit without any has one too."""
    jobs.make_bulletins(WEEK)
    assert count(Bulletin) == UNITS
    said = "上周到期4件，按时1件，办了但居民没有认可1件，超期2件：1件等材料，1件未填原因。"
    for unit in (world.community, world.street, world.district):
        bulletin = _made(world, unit)
        assert bulletin.content["sentence"] == said
        assert (bulletin.since, bulletin.until) == (date(2027, 3, 8), date(2027, 3, 14))
        assert bulletin.kind is BulletinKind.WEEKLY
        assert bulletin.made_at == now()
    assert _made(world, world.other_community).content["sentence"] == "上周没有到期的工单。"
    assert _made(world, world.community).content["unanswered"] == 0
    for share in ("solved", "reopened"):
        content = _made(world, world.community).content[share]
        assert content == {"count": 1, "of": 1, "rate": 1.0, "is_ranked": False}


def test_the_month(world: World, history: dict[str, int], day: Day) -> None:
    day.go(days=31)
    jobs.make_bulletins("monthly:2027-03-01")
    bulletin = _made(world, world.community)
    assert (bulletin.since, bulletin.until) == (date(2027, 3, 1), date(2027, 3, 31))
    assert bulletin.content["sentence"].startswith("上月到期4件，按时1件，")


def test_once_and_kept_as_sent(world: World, history: dict[str, int], day: Day) -> None:
    """Called again it makes nothing, tells nobody; what happens later changes nothing in it."""
    jobs.make_bulletins(WEEK)
    bulletin = _made(world, world.community)
    sent = (bulletin.content, bulletin.html, bulletin.made_at)
    day.go(days=16)
    world.act("leader", history["late"], "lateness", stage="solve", reason="other")
    world.act("dispatcher", history["open"], "settle", note=NOTE)
    with transaction():
        session.execute(update(Unit).where(Unit.id == world.community.id).values(name="改名社区"))
    told = count(OutboxMessage)
    jobs.make_bulletins(WEEK)
    bulletin = _made(world, world.community)
    assert (bulletin.content, bulletin.html, bulletin.made_at) == sent
    assert (count(Bulletin), count(OutboxMessage)) == (UNITS, told)


def test_leaders_are_told_of_the_latest(world: World, history: dict[str, int]) -> None:
    """Each of the own unit; of what is made after its time nobody."""
    jobs.make_bulletins("weekly:2027-03-01")
    assert (count(Bulletin), _told(world)) == (UNITS, set())
    jobs.make_bulletins(WEEK)
    assert _told(world) == {"leader", "other_leader", "street", "district"}
    message = session.scalars(
        select(OutboxMessage).where(OutboxMessage.recipient_id == world.ids["leader"])
        .order_by(OutboxMessage.id.desc()).limit(1)
    ).one()  # fmt: skip
    about = message.params
    assert about["unit"] + about["name"] == "东风社区周通报（3月8日至3月14日）"
    found = session.scalars(
        select(Bulletin.id)
        .where(Bulletin.unit_id == world.community.id)
        .order_by(Bulletin.id.desc())
    ).first()
    assert (message.subject_kind, message.subject_id) == ("bulletin", found)


def test_one_that_cannot_be_made(
    world: World, history: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keeps no other back; the slot is not done, and the next call makes just that one."""
    tell = bulletins.notify

    def notify(recipients: list[int], *about: Any, **more: Any) -> None:
        if world.ids["street"] in recipients:
            session.execute(text("SELECT broken"))
        tell(recipients, *about, **more)

    monkeypatch.setattr(bulletins, "BULLETIN_BATCH", 2)
    with monkeypatch.context() as broken:
        broken.setattr(bulletins, "notify", notify)
        with pytest.raises(Unfinished):
            jobs.make_bulletins(WEEK)
    assert count(Bulletin) == UNITS - 1
    assert _told(world) == {"leader", "other_leader", "district"}
    jobs.make_bulletins(WEEK)
    assert count(Bulletin) == UNITS
    assert _told(world) == {"leader", "other_leader", "street", "district"}


def test_killed_in_between(
    world: World, history: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was committed stays, what was under way is made by the next call."""
    made: list[int] = []
    whole = bulletins.content_of

    class Killed(BaseException):
        """No error that anybody handles."""

    def content_of(actor: Any, unit: Unit, *about: Any) -> dict[str, Any]:
        made.append(unit.id)
        if len(made) == 3:
            raise Killed
        return whole(actor, unit, *about)

    monkeypatch.setattr(bulletins, "BULLETIN_BATCH", 1)
    with monkeypatch.context() as broken:
        broken.setattr(bulletins, "content_of", content_of)
        with pytest.raises(Killed):
            jobs.make_bulletins(WEEK)
    assert count(Bulletin) == 2
    jobs.make_bulletins(WEEK)
    assert count(Bulletin) == UNITS
    messages = select(OutboxMessage).where(OutboxMessage.moment == "order.bulletin")
    assert len(session.scalars(messages).all()) == 4


def test_a_rival_is_first(
    world: World, history: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes second keeps the other's and tells nobody."""
    whole = bulletins.content_of

    def content_of(actor: Any, unit: Unit, kind: BulletinKind, period: Any) -> dict[str, Any]:
        found = whole(actor, unit, kind, period)
        if unit.id == world.community.id:
            row = {"unit_id": unit.id, "kind": kind, "since": period.since, "until": period.until}
            row |= {"content": {**found, "sentence": ""}, "html": "rival", "made_at": now()}
            assert len(inserted(Bulletin, [row], "id")) == 1
        return found

    monkeypatch.setattr(bulletins, "content_of", content_of)
    jobs.make_bulletins(WEEK)
    assert _made(world, world.community).html == "rival"
    assert count(Bulletin) == UNITS
    assert "leader" not in _told(world)


def test_closed_units_have_none(world: World, history: dict[str, int]) -> None:
    with transaction():
        session.execute(
            update(Unit).where(Unit.id == world.other_community.id).values(closed_at=now())
        )
    jobs.make_bulletins(WEEK)
    assert count(Bulletin) == UNITS - 1


# --- reading


def test_who_reads_them(world: World, history: dict[str, int]) -> None:
    """Staff of the unit and above; newest first, by unit and kind."""
    jobs.make_bulletins("weekly:2027-03-01")
    jobs.make_bulletins(WEEK)
    mine = _last(world, world.community)
    for who, units in (
        ("grid", {world.community.id}),
        ("other_duty", {world.other_community.id}),
        ("street", {world.community.id, world.other_community.id, world.street.id}),
        ("resident", set()),
        ("member", set()),
        ("admin", set()),
    ):
        items = read(world, who, "/reports/bulletins?limit=100")["items"]
        assert {one["unit_id"] for one in items} == units, who
        assert len(items) == 2 * len(units)
        for path in (f"/reports/bulletins/{mine.id}", f"/reports/bulletins/{mine.id}/page"):
            status = world.get(who, path).status_code
            assert status == (200 if world.community.id in units else 404), (who, path)
    own = read(world, "street", f"/reports/bulletins?unit_id={world.street.id}")["items"]
    assert [one["since"] for one in own] == ["2027-03-08", "2027-03-01"]
    assert own[0]["sentence"].startswith("上周到期4件")
    assert read(world, "street", "/reports/bulletins?kind=monthly")["items"] == []
    assert read(world, "dispatcher", f"/reports/bulletins?unit_id={world.street.id}")["items"] == []
    for bad in ("kind=daily", "unit_id=x", "cursor=x"):
        assert world.get("leader", f"/reports/bulletins?{bad}").status_code == 422


def _last(world: World, unit: Unit) -> Bulletin:
    found = select(Bulletin).where(Bulletin.unit_id == unit.id).order_by(Bulletin.id.desc())
    bulletin = session.scalars(found).first()
    assert bulletin is not None
    return bulletin


def test_the_whole_of_one(world: World, history: dict[str, int]) -> None:
    """The figures as they were."""
    jobs.make_bulletins(WEEK)
    answer = read(world, "leader", f"/reports/bulletins/{_made(world, world.community).id}")
    (solve,) = [row for row in answer["content"]["stages"] if row["stage"] == "solve"]
    assert (solve["due"], solve["on_time"], solve["refused"]) == (4, 1, 1)
    assert (solve["met_late"], solve["open_late"], solve["late"]) == (1, 1, 2)
    assert (solve["rate"], solve["ranked"]) == (0.25, False)
    of_solve = [row for row in answer["content"]["reasons"] if row["stage"] == "solve"]
    assert of_solve == [
        {"stage": "solve", "reason": "material", "count": 1},
        {"stage": "solve", "reason": None, "count": 1},
    ]
    (unit,) = answer["content"]["units"]
    assert (unit["unit_id"], unit["due"]) == (world.community.id, 4)


class _Page(HTMLParser):
    """What a page is made of: tags with what stands in them, links, heads."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[tuple[str, int]] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.words: dict[str, list[str]] = {}
        self._address = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))
        if tag not in ("meta", "link"):
            self.open.append(tag)
        if tag == "a":
            self._address = str(dict(attrs)["href"])

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.words.setdefault(self.open[-1], []).append(data)
        if self.open and self.open[-1] == "a":
            self.links.append((self._address, int(data)))


def test_the_page(world: World, history: dict[str, int]) -> None:
    """One HTML document: nothing in it runs, nothing comes from elsewhere, tables have heads."""
    jobs.make_bulletins(WEEK)
    answer = world.get("street", f"/reports/bulletins/{_made(world, world.street).id}/page")
    assert answer.mimetype == "text/html"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ") and "script" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    html = answer.get_data(as_text=True)
    page = _Page(html)
    assert html.lstrip().startswith("<!doctype html>")
    assert not {"script", "iframe", "object", "img", "form"} & set(page.tags)
    assert page.words["h1"] == ["测试街道周通报（3月8日至3月14日）"]
    for tag, attributes in page.attributes:
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        if tag == "html":
            assert attributes["lang"] == "zh-CN"
        if tag == "th":
            assert attributes["scope"] in ("row", "col")
    captions = page.words["caption"]
    assert captions == ["各环节（件）", "超期原因（件）", "响应和评价"]
    assert page.tags.count("table") == len(captions)
    assert "width=device-width" in html and "@media print" in html
    assert "上周到期" in page.words["p"]


def test_each_number_leads_to_what_it_counts(world: World, history: dict[str, int]) -> None:
    """As long as nothing has happened since: street and community alike."""
    world.order("other_resident")
    # Handled by the street itself.
    world.order(category_id=world.categories["投诉工作人员"])
    units = (world.other_community.id, world.street.id)
    with transaction():
        late = datetime.fromisoformat("2027-03-10T09:00:00+08:00")
        session.execute(
            update(Deadline).where(Deadline.unit_id.in_(units), Deadline.due_at.is_not(None))
            .values(due_at=late)
        )  # fmt: skip
    jobs.make_bulletins(WEEK)
    html = _made(world, world.street).html
    assert "测试街道（本级）" in html and "own=true" in html
    for who, unit, least in (("street", world.street, 25), ("leader", world.community, 15)):
        answer = world.get(who, f"/reports/bulletins/{_made(world, unit).id}/page")
        links = _Page(answer.get_data(as_text=True)).links
        assert len(links) >= least
        for address, number in links:
            path = address.removeprefix("/api/v1")
            items = read(world, who, f"{path}&limit=100")["items"]
            assert len(items) == number, address


def test_names_are_no_markup(world: World, history: dict[str, int]) -> None:
    """Whatever a unit is called stands there as text."""
    with transaction():
        named = "<script>alert(1)</script>&\"'社区"
        session.execute(update(Unit).where(Unit.id == world.community.id).values(name=named))
    jobs.make_bulletins(WEEK)
    for unit in (world.community, world.street):
        html = _made(world, unit).html
        assert "<script" not in html
    assert named in _Page(_made(world, world.community).html).words["h1"][0]


def test_confidential_orders_count(world: World, history: dict[str, int]) -> None:
    """A bulletin is the program's: it is the same for whoever reads it."""
    with transaction():
        session.execute(update(Order).where(Order.id == history["good"]).values(sensitive=True))
    jobs.make_bulletins(WEEK)
    assert _made(world, world.community).content["sentence"].startswith("上周到期4件")
    query = f"unit_id={world.community.id}&from=2027-03-08&to=2027-03-14"
    for who, due in (("duty", 3), ("dispatcher", 4)):
        rows = read(world, who, f"/reports/figures?{query}")["rows"]
        assert [row["due"] for row in rows if row["stage"] == "solve"] == [due]

"""Search by words: exactly what a plain scan finds, of what one may read, until it is erased."""

from collections.abc import Iterable, Mapping
from urllib.parse import quote

import pytest
from sqlalchemy import delete, func, insert, inspect, select, text, update

from app.demo.dice import dice
from app.demo.geography import addresses
from app.demo.library import topics
from app.kernel.database import is_sqlite, session
from app.kernel.database.fast.rows import table_of
from app.kernel.http import App
from app.orders.record import words as searching
from app.orders.record.words import change_words, keep_words
from app.orders.ticket.bigrams import normalised
from app.orders.ticket.models import Order, OrderSearch
from app.orders.views.searching import with_words
from app.people.service import erase_person
from tests.orders.stories import do, order_of, read
from tests.statements import sent
from tests.world import World

pytestmark = pytest.mark.slow

MANY, WORDS = 10_000, 200


def found_by(q: str) -> set[int]:
    """Ids by the index."""
    return set(session.scalars(with_words(normalised(q))))


def scanned(texts: Mapping[int, str], q: str) -> set[int]:
    """Ids by reading everything; the texts are made alike."""
    words = normalised(q)
    return {order_id for order_id, words_of in texts.items() if words in words_of}


def listed(world: World, who: str, q: str) -> list[int]:
    """What that person's list shows."""
    page = read(world, who, f"/orders?limit=100&q={quote(q)}")
    return [order["id"] for order in page["items"]]


def filled(world: World, texts: Iterable[str]) -> dict[int, str]:
    """Orders with these descriptions, put in as a set; their texts made alike."""
    pattern = order_of(int(world.order()["id"]))
    columns = inspect(Order).columns
    row = {column.key: getattr(pattern, column.key) for column in columns}
    said = dict(enumerate(texts, start=pattern.id + 1000))
    rows = [row | {"id": order_id, "description": words} for order_id, words in said.items()]
    for start in range(0, len(rows), 500):
        session.execute(insert(table_of(Order)), rows[start : start + 500])
    keep_words([Order(id=order_id, description=words) for order_id, words in said.items()])
    return {order_id: normalised(words) for order_id, words in said.items()}


def invented() -> list[str]:
    """What residents of the demo might say: two of its matters at one of its addresses."""
    chance = dice("search")
    matters = [matter.text for topic in topics().values() for matter in topic.matters]
    said: dict[str, None] = {}
    while len(said) < MANY:
        where = chance.choice(addresses(chance.randrange(3))).words
        said["".join(chance.sample(matters, 2)).format(**where)] = None
    return list(said)


def test_precision_and_recall(world: World) -> None:
    """Of 10,000 texts and 200 words of two to six characters, half of them cut at random."""
    texts = filled(world, invented())
    assert len(texts) == MANY
    chance, pool, sure, hits = dice("words"), list(texts.values()), 0, 0
    for number in range(WORDS):
        source, length = chance.choice(pool), chance.randint(2, 6)
        at = chance.randrange(len(source) - length)
        word = source[at : at + length].strip()
        if number % 2 and len(word) > 2:
            # Pairs that are all there, but seldom in this order.
            word = word[1:] + word[:2]
        if len(word) < 2:
            continue
        wanted = scanned(texts, word)
        assert found_by(word) == wanted, word
        sure, hits = sure + 1, hits + len(wanted)
    assert sure > WORDS * 0.9
    assert hits > 1000


ODD = (
    '50%_坏了 "引号" 里的 OR 和 AND',
    "NEAR(灯 5) * 星号 NOT 减号-加号+ ^冒号:括号{}",
    "ＬＥＤ路灯不亮，型号ＡＢ－１２",
    "led 路灯 不亮,型号ab-12",
    "'); DROP TABLE orders; -- \\ 反斜杠",
    "👴🏻老人👨‍👩‍👧走失🆘",
    "𠮷野家门口，𠮷野的𠮷",
    "灯灯灯，一共3盏；13800138000",
    "Straße İstanbul ﬁn ㎡",
    "第一行\n第二行\t 空格　很多",
)
ASKED = (
    '"引', '引号"', '""', '50%', "%_", "_坏", "__", "OR", "or", " OR 和", "AND", "NEAR(", "near",
    "灯 5", "灯5", "* 星", "**", "NOT", "-加", "+ ^", ":括", "{}", "led", "ＬＥＤ", "LED路灯", "led 路灯",
    "路灯不亮", "路灯 不亮", "型号AB-12", "ａｂ－１２", "亮,型", "亮，型", "'); DROP", "-- \\", "\\ ",
    "👴🏻", "👨‍👩‍👧", "🆘", "走失🆘", "𠮷野", "的𠮷", "𠮷𠮷", "灯灯", "灯灯灯", "灯灯灯灯", "3盏", "138001",
    "strasse", "STRASSE", "istanbul", "fin", "m2", "一行 第二", "一行\n第二", "空格 很", "不在这里",
)  # fmt: skip


def test_odd_words(world: World) -> None:
    """Signs of patterns and of search languages are signs; width and case make no difference."""
    texts = filled(world, ODD)
    hits = 0
    for word in ASKED:
        if len(normalised(word)) < 2:
            continue
        wanted = scanned(texts, word)
        assert found_by(word) == wanted, word
        assert set(listed(world, "dispatcher", word)) == wanted, word
        hits += bool(wanted)
    assert hits > len(ASKED) * 0.7


def test_long_words(world: World) -> None:
    """A whole description finds itself, and nothing else."""
    long = "".join(map(chr, range(0x4E00, 0x4E00 + 1900)))
    texts = filled(world, [long, long[:-1] + "尾", "短"])
    first, other, _ = texts
    assert found_by(long) == {first}
    assert found_by(long[:1000]) == {first, other}
    assert found_by(long[900:1100][::-1]) == set()
    assert listed(world, "dispatcher", long[:200]) == [other, first]
    answer = world.get("dispatcher", f"/orders?q={quote(long[:201])}")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "text.too_long")


@pytest.mark.parametrize("short", ["灯", " 灯 ", "a", "㎡", "🆘", "e\u0301"])
def test_one_character_is_too_short(world: World, short: str) -> None:
    answer = world.get("dispatcher", f"/orders?q={quote(short)}")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "search.too_short")


def test_nobody_finds_words_that_he_may_not_read(world: World) -> None:
    """In the pool before the words have passed; other units' never."""
    order_id = int(world.order(description="后院的紫藤架要倒了")["id"])
    world.act("dispatcher", order_id, "check_content", state="held")
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    for who, sees in (
        ("resident", True),
        ("dispatcher", True),
        ("grid", True),
        ("street", True),
        ("member", False),
        ("resident2", False),
        ("other_dispatcher", False),
        ("admin", False),
    ):
        assert listed(world, who, "紫藤") == [order_id] * sees, who
    world.act("dispatcher", order_id, "check_content", state="passed")
    assert listed(world, "member", "紫藤") == [order_id]
    assert listed(world, "other_member", "紫藤") == []


def test_words_and_number_at_once(world: World) -> None:
    """Digits may be in the words, a number, or a phone: each finds its own."""
    named = world.order()
    telling = int(world.order(description=f"和{named['number']}号是一件事")["id"])
    assert set(listed(world, "dispatcher", named["number"])) == {named["id"], telling}
    assert listed(world, "resident2", named["number"]) == []


@pytest.mark.parametrize(
    "written",
    [
        "138 1234 5678",
        "138-1234-5678",
        "+86 138-1234-5678",
        "8613812345678",
        "１３８１２３４５６７８",
    ],
)
def test_phones_as_people_write_them(world: World, written: str) -> None:
    """Spaces, dashes, the country's number; for staff alone, and only the whole."""
    order_id = int(world.order(contact_phone="13812345678")["id"])
    world.act("dispatcher", order_id, "dispatch", mode="pool")
    assert listed(world, "dispatcher", written) == [order_id]
    for who in ("resident", "member", "other_dispatcher"):
        assert listed(world, who, written) == []
    assert listed(world, "dispatcher", written[:-1]) == []


def test_placing_sends_one_statement_more(world: World) -> None:
    """An insert; nothing is read, and nothing is sent where there are no words."""
    with sent() as heard:
        world.order(description="单元门关不上")
    assert [words.split("(")[0].strip() for words in heard.about("order_search")] == [
        "INSERT INTO order_search"
    ]
    with sent() as heard:
        world.order(description=None, category_id=world.categories["路灯楼道灯"])
    assert heard.about("order_search") == []


def test_parts_are_found_by_their_task(world: World) -> None:
    order_id = int(world.order()["id"])
    part = {"assignee_id": world.ids["grid"], "task": "到现场拍照片"}
    world.act("dispatcher", order_id, "split", parts=[part])
    assert len(listed(world, "dispatcher", "现场拍照")) == 1


def test_words_that_change(world: World) -> None:
    """The old ones find nothing, the new ones do; none are left where there are none."""
    order = order_of(int(world.order(description="水管漏水")["id"]))
    for words, finding in (("路灯不亮", "路灯"), ("电梯停了", "电梯"), (None, None)):
        order.description = words
        change_words([order])
        assert found_by("水管") == set()
        assert session.scalar(select(func.count()).select_from(OrderSearch)) == bool(words)
        if finding:
            assert found_by(finding) == {order.id}


def test_of_the_erased_nothing_is_found(world: World) -> None:
    """Nor is anything left in the index; others' words stay."""
    gone = int(world.order("resident", description="门口的金凤凰")["id"])
    kept = int(world.order("resident2", description="路口的金孔雀")["id"])
    assert found_by("口的") == {gone, kept}
    do(erase_person, world.actor("resident"), world.ids["resident"])
    assert found_by("口的") == {kept}
    assert found_by("凤凰") == set()
    assert session.get(OrderSearch, gone) is None
    if is_sqlite():
        blocks = session.scalars(text("SELECT block FROM order_search_fts_data")).all()
        found = {char: f"{ord(char):x}".encode() in b"".join(blocks) for char in "凰雀"}
        assert found == {"凰": False, "雀": True}


def test_rebuilding(app: App, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was lost, wrong or too much: batch by batch it is as it should be."""
    for size in ("BATCH", "BATCH_ON_SQLITE"):
        monkeypatch.setattr(searching, size, 2)
    wordless = int(world.order(description=None, category_id=world.categories["养犬"])["id"])
    world.lift_caps()
    said = {int(world.order(description=f"第{n}号孔雀")["id"]) for n in range(7)}
    lost = sorted(said)[1]
    session.execute(delete(OrderSearch).where(OrderSearch.order_id == lost))
    session.execute(update(OrderSearch).values(text="鹦鹉", grams=["鹦鹉"]))
    session.add(OrderSearch(order_id=wordless, text="鹦鹉", grams=["鹦鹉"]))
    session.commit()
    assert found_by("鹦鹉") == (said - {lost}) | {wordless}
    done = app.test_cli_runner().invoke(args=["orders", "rebuild-search"])
    assert done.exit_code == 0, done.output
    assert "已重建" in done.output
    assert found_by("鹦鹉") == set()
    assert found_by("号孔雀") == said


def test_an_index_serves_it(world: World) -> None:
    """Both databases look the pairs up, and read no other order's words."""
    world.order(description="门口的孔雀雕像")
    index = "VIRTUAL TABLE INDEX" if is_sqlite() else "ix_order_search_grams"
    for q in ("孔雀", "20270101000001"):
        with sent() as heard:
            listed(world, "dispatcher", q)
        assert index in heard.plans("order_search"), q

"""What a word, number or phone finds: conditions for lists of orders."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, union_all

from app.kernel.actor import Actor
from app.kernel.clock import LOCAL
from app.kernel.crypto import blind_index, normalise_phone
from app.kernel.database import is_sqlite
from app.kernel.errors import Invalid
from app.orders.bigrams import SHORTEST, bigrams, normalised, tokens
from app.orders.models import ORDER_SEARCH_FTS, Order, OrderSearch
from app.orders.queries.visible import under
from app.orders.states import ContentState


def matching(actor: Actor, q: str) -> ColumnElement[bool]:
    """Words of the description, the number, or for staff an exact phone; names are not searchable.

    Raises Invalid `search.too_short` where q is a single character, as it came or made alike.
    """
    words = normalised(q)
    if min(len(q), len(words)) < SHORTEST:
        raise Invalid(
            "search.too_short", "请至少输入两个字。", errors={"q": ["请至少输入两个字。"]}
        )
    # Nobody finds words that he may not read.
    readable = or_(
        Order.content_state == ContentState.PASSED,
        Order.requester_id == actor.person_id,
        Order.placer_id == actor.person_id,
        under(Order.handling_path, actor.paths("orders.see")),
    )
    described = and_(readable, Order.id.in_(with_words(words)))
    others = [*_by_number(words), *_by_phone(actor, words)]
    if not others:
        return described
    # All ways in one IN: each is looked up in an index of its own, where an OR would read all orders.
    return Order.id.in_(union_all(_ids(described), *others))


def with_words(words: str) -> Select[int]:
    """Ids of the orders whose description, made alike, holds these words, of two characters or more."""
    statement = select(OrderSearch.order_id)
    if is_sqlite():
        phrase = f'"{tokens(bigrams(words))}"'
        found = select(ORDER_SEARCH_FTS.c.rowid).where(
            ORDER_SEARCH_FTS.c.order_search_fts.match(phrase)
        )
        return statement.where(
            OrderSearch.order_id.in_(found), func.instr(OrderSearch.text, words) > 0
        )
    return statement.where(
        OrderSearch.grams.bool_op("@>")(bigrams(words)),
        # The pairs alone may stand apart from each other.
        func.strpos(OrderSearch.text, words) > 0,
    )


def _ids(*conditions: ColumnElement[bool]) -> Select[int]:
    # Its orders are not those of the list around it.
    return select(Order.id).where(*conditions).correlate(None)


def _by_number(words: str) -> list[Select[int]]:
    """The number is the local day of the placing and the id, of six digits or more."""
    if not (words.isascii() and words.isdigit() and 12 <= len(words) <= 24):
        return []
    try:
        day = datetime.strptime(words[:6], "%y%m%d").replace(tzinfo=LOCAL)
    except ValueError:
        return []
    placed = (Order.submitted_at >= day, Order.submitted_at < day + timedelta(days=1))
    return [_ids(Order.id == int(words[6:]), *placed)]


def _by_phone(actor: Actor, words: str) -> list[Select[int]]:
    """As people write it: with spaces, dashes, brackets or +86."""
    if not actor.may_somewhere("orders.see"):
        return []
    try:
        index = blind_index(normalise_phone(words))
    except Invalid:
        return []
    # Whose an anonymous one is the dispatcher alone knows.
    known = under(Order.handling_path, actor.paths("orders.manage"))
    return [
        _ids(
            Order.contact_index == index,
            under(Order.handling_path, actor.paths("orders.see")),
            or_(Order.anonymous.is_(False), known),
        )
    ]

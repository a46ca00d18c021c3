"""Conditions for lists of orders that hold some words, a number or a phone."""

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, union_all

from app.kernel.actor import Actor
from app.kernel.crypto import blind_index, normalise_phone
from app.kernel.database import is_sqlite, session
from app.kernel.errors import Invalid
from app.orders.access.visible import of_staff, under
from app.orders.ticket.bigrams import SHORTEST, bigrams, normalised, tokens
from app.orders.ticket.models import ORDER_SEARCH_FTS, Order, OrderSearch
from app.orders.ticket.states import ContentState

# The number of an order: six digits of the day of placing, then six or more digits of the id.
ID_DIGITS, WHOLE_NUMBER = 6, 12


def matching(actor: Actor, q: str) -> ColumnElement[bool]:
    """Orders with these words in the description, with this number, or for staff with this phone.

    Raises Invalid `search.too_short` where q, as given or normalised, has less than two characters.
    """
    words = normalised(q)
    if min(len(q), len(words)) < SHORTEST:
        raise Invalid(
            "search.too_short", "请至少输入两个字。", errors={"q": ["请至少输入两个字。"]}
        )
    # Nobody finds words that he or she may not read.
    readable = or_(
        Order.content_state == ContentState.PASSED,
        Order.requester_id == actor.person_id,
        Order.placer_id == actor.person_id,
        of_staff(actor),
    )
    described = and_(readable, Order.id.in_(with_words(words)))
    others = [*_by_number(actor, words), *_by_phone(actor, words)]
    if not others:
        return described
    # One IN for all ways: each way has an index of its own, and an OR would read all orders.
    return Order.id.in_(union_all(_ids(described), *others))


def with_words(words: str) -> Select[int]:
    """Ids of orders whose normalised description holds these normalised words (two characters or more)."""
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
        # A text may hold all pairs without holding the words.
        func.strpos(OrderSearch.text, words) > 0,
    )


def _ids(*conditions: ColumnElement[bool]) -> Select[int]:
    # The subquery reads orders of its own, not the order of the list around it.
    return select(Order.id).where(*conditions).correlate(None)


def _by_number(actor: Actor, words: str) -> list[Select[int]]:
    """Orders with this number; for staff also orders whose number ends in these six digits or more."""
    if not (words.isascii() and words.isdigit() and ID_DIGITS <= len(words) <= 24):
        return []
    if len(words) < WHOLE_NUMBER and not actor.may_somewhere("orders.see"):
        return []
    # Each number of last digits may be the id.
    ids = {int(words[-digits:]) for digits in range(ID_DIGITS, min(len(words), 18) + 1)}
    found = session.scalars(select(Order).where(Order.id.in_(ids)))
    ending = [order.id for order in found if order.number.endswith(words)]
    seen = () if len(words) >= WHOLE_NUMBER else (of_staff(actor),)
    return [_ids(Order.id.in_(ending), *seen)] if ending else []


def _by_phone(actor: Actor, words: str) -> list[Select[int]]:
    """For staff: orders with this phone, as people write it: with spaces, dashes, brackets or +86."""
    if not actor.may_somewhere("orders.see"):
        return []
    try:
        index = blind_index(normalise_phone(words))
    except Invalid:
        return []
    # Only a dispatcher may know the requester of an anonymous order.
    known = under(Order.handling_path, actor.paths("orders.manage"))
    named = or_(Order.anonymous.is_(False), known)
    return [_ids(Order.contact_index == index, of_staff(actor), named)]

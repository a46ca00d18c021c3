"""Whether a person fits the category of an order, and whether a visit needs a code; pure."""

from app.categories.models import Category
from app.orders.ticket.models import Order
from app.orders.ticket.states import (
    HandlerKind,
)
from app.people.models import Person


def unfit(person: Person, category: Category | None) -> tuple[str, str] | None:
    """Why the person may not handle the category, as (code, sentence); None where he or she may."""
    if category is None:
        return None
    if category.vetted_only and not person.vetted:
        return "order.vetted_only", "这类工单只能由审核过的人办理。"
    if category.skills and not set(category.skills) & set(person.skills):
        wanted = "、".join(category.skills)
        return "order.skill_missing", f"这张工单需要会这些的人来办：{wanted}。"
    return None


def needs_code(order: Order, category: Category | None) -> bool:
    """Whether a visit code (上门码) is needed: for a home visit to somebody with an account to see it."""
    shown = order.requester_id is not None or order.placer_id is not None
    return category is not None and category.home_visit and shown


def owes_code(order: Order, category: Category | None) -> bool:
    """Whether the visit code still has to be entered; an outside unit need not enter it."""
    visitor = order.holder_kind is not HandlerKind.PROVIDER
    return visitor and order.visited_at is None and needs_code(order, category)

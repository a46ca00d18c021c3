"""Reads of the tree; everybody may see all of it."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, or_, select

from app.categories.models import Category
from app.categories.questions import checked_answers
from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.database.fast.kept import KeptColumn, KeptRows
from app.kernel.errors import Invalid, not_found
from app.organisation.queries import get_unit


@dataclass(frozen=True, slots=True)
class Branch:
    """A category with the categories below it."""

    category: Category
    children: tuple["Branch", ...] = ()


def categories_visible_to(_: Actor) -> Select[Category]:
    """Returns a statement for all categories."""
    return select(Category)


def get_visible_category(actor: Actor, category_id: int) -> Category:
    """Returns the category; raises NotFound `not_found`."""
    category = session.scalar(categories_visible_to(actor).where(Category.id == category_id))
    if category is None:
        raise not_found()
    return category


def get_category(category_id: int) -> Category:
    """Returns the category with this id, retired or not; raises NotFound `not_found`."""
    category = _kept.get(category_id)
    if category is None:
        raise not_found()
    return category


def category_or_none(category_id: int | None) -> Category | None:
    """Returns the category of something that may have none, retired or not; None for None.

    Raises NotFound `not_found` for an unknown id.
    """
    return None if category_id is None else get_category(category_id)


_kept = KeptRows(Category)
_names = KeptColumn(Category.name)


def tree(
    actor: Actor, unit_id: int | None, *, everything: bool = False, q: str | None = None
) -> list[Branch]:
    """Returns the groups with their leaves as the unit uses them, in their sorting order.

    Without a unit these are the categories of all units. `everything` adds retired categories and
    groups without leaves, for those who maintain the tree. `q` keeps the categories with `q` in the
    name or at the beginning of the initials; where a group fits, all its leaves stay. Raises
    NotFound `not_found` for the unit.
    """
    statement = categories_visible_to(actor).order_by(Category.sort, Category.id)
    if not everything:
        statement = statement.where(Category.retired_at.is_(None))
    path = "" if unit_id is None else get_unit(unit_id).path
    found = [category for category in session.scalars(statement) if category.serves(path)]
    below: dict[int | None, list[Branch]] = {}
    for category in found:
        if category.parent_id is not None:
            below.setdefault(category.parent_id, []).append(Branch(category))
    groups = [Branch(c, tuple(below.get(c.id, ()))) for c in found if c.is_group]
    groups = [group for group in groups if group.children or everything]
    words = "" if q is None else _typed(q)
    return groups if not words else _named(groups, words)


def _named(groups: Iterable[Branch], words: str) -> list[Branch]:
    found = []
    for group in groups:
        if _is_named(group.category, words):
            found.append(group)
        elif children := tuple(leaf for leaf in group.children if _is_named(leaf.category, words)):
            found.append(Branch(group.category, children))
    return found


def _is_named(category: Category, words: str) -> bool:
    return words in _typed(category.name) or category.initials.startswith(words)


def _typed(text: str) -> str:
    """Returns the text with width and case of letters made equal."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def public_categories(actor: Actor, category_id: int | None = None) -> list[Category]:
    """Returns the categories whose orders neighbours may join, retired ones too.

    `category_id` keeps that category, or the leaves of that group.
    """
    statement = categories_visible_to(actor).where(Category.public_place)
    if category_id is not None:
        statement = statement.where(
            or_(Category.id == category_id, Category.parent_id == category_id)
        )
    return list(session.scalars(statement))


def usable_category(category_id: int, unit_path: str) -> Category:
    """Returns the category with this id, a leaf that takes new orders of the unit with this path.

    Raises Invalid `category.unknown`, `category.not_a_leaf`, `category.retired` or
    `category.other_unit`.
    """
    category = _kept.get(category_id)
    if category is None:
        raise Invalid("category.unknown", "没有这个分类，请重新选择。")
    group = None if category.parent_id is None else _kept.get(category.parent_id)
    if category.is_group:
        raise Invalid("category.not_a_leaf", f"请在“{category.name}”里再选具体的一项。")
    if category.retired_at or (group is not None and group.retired_at):
        raise Invalid("category.retired", f"“{category.name}”已经停用，请重新选择。")
    if not category.serves(unit_path):
        raise Invalid("category.other_unit", f"这个社区没有“{category.name}”这一项，请重新选择。")
    return category


def check_answers(category: Category | None, answers: Mapping[str, Any] | None) -> dict[str, Any]:
    """Returns the cleaned answers to the category's questions, as `checked_answers` does.

    Raises what that raises, and Invalid `answer.no_category` for answers without a category.
    """
    if category is None:
        if answers:
            raise Invalid("answer.no_category", "没有选分类，不用回答问题。")
        return {}
    return checked_answers(category.questions, answers or {})


def with_leaves(category_ids: Iterable[int]) -> Select[int]:
    """Returns a statement for these ids and the ids of the leaves below them, for filters."""
    wanted = list(category_ids)
    return select(Category.id).where(or_(Category.id.in_(wanted), Category.parent_id.in_(wanted)))


def names_of(category_ids: Iterable[int]) -> dict[int, str]:
    """Returns names of categories by id; unknown ids are missing."""
    return _names.of(category_ids)

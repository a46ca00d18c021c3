"""Changes of the tree: put in the shipped categories, create, change, retire, restore."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select

from app.categories.models import Category
from app.categories.policy import may_edit_category
from app.categories.queries import get_category
from app.categories.questions import checked_questions
from app.categories.states import POLICIES
from app.categories.tree import shipped_tree
from app.deadlines.terms.surroundings import is_policy
from app.kernel import audit
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.database.fast.rows import insert_ignore
from app.kernel.errors import Conflict, Forbidden, Invalid, NotFound, not_found
from app.organisation.models import Unit
from app.organisation.queries import get_unit, is_open


def seed_categories(actor: Actor) -> int:
    """Puts in the shipped categories that are not there yet, and returns how many were added.

    They are found by code; categories that are there stay as their administrators have changed
    them. Raises Forbidden `category.not_allowed`.
    """
    _check_may_edit(actor, None)
    groups = shipped_tree()
    added = insert_ignore(Category, [group.columns for group in groups], conflict=["code"])
    ids = _ids_by_code([group.columns["code"] for group in groups])
    leaves = [
        {**leaf, "parent_id": ids[group.columns["code"]]}
        for group in groups
        for leaf in group.leaves
    ]
    return added + insert_ignore(Category, leaves, conflict=["code"])


def create_category(
    actor: Actor,
    *,
    name: str,
    parent_id: int | None = None,
    unit_id: int | None = None,
    code: str | None = None,
    **rules: Any,
) -> Category:
    """Creates a group (without parent) or a leaf and returns it.

    Without `unit_id` it is for all units, else for the subtree of that unit. `rules` are columns of
    the category. Raises Forbidden `category.not_allowed`; Conflict `category.code_taken`,
    `category.parent_retired`, `category.unit_closed`; Invalid `category.unit_unknown`,
    `category.parent_not_a_group`, `category.policy_unknown`, `question.*`.
    """
    unit = _unit(unit_id)
    _check_may_edit(actor, unit.path if unit else None)
    _check_parent(parent_id, unit.path if unit else "")
    code = code or f"own_{secrets.token_hex(6)}"
    values = {
        "code": code,
        "name": name,
        "parent_id": parent_id,
        "unit_id": unit_id,
        **_checked(rules),
    }
    if not insert_ignore(Category, values, conflict=["code"]):
        raise Conflict("category.code_taken", "这个代码已经有分类在用，请换一个。")
    category = get_category(_ids_by_code([code])[code])
    audit.record(actor, "category.created", "category", category.id, unit_id=unit_id)
    return category


def change_category(
    actor: Actor, category_id: int, values: Mapping[str, Any], *, check: Callable[[int], None]
) -> Category:
    """Sets the rules of a category and returns it.

    `check(version)` raises where the version is not the expected one. Code, group and unit stay,
    because open orders and the shipped tree find a category by them. Raises NotFound `not_found`;
    Forbidden `category.not_allowed`; Invalid `category.policy_unknown`, `question.*`.
    """
    category = _locked(actor, category_id)
    check(category.version)
    changed = category.change(_checked(values))
    if changed:
        audit.record(
            actor,
            "category.changed",
            "category",
            category.id,
            fields=changed,
            unit_id=category.unit_id,
        )
    return category


def retire_category(actor: Actor, category_id: int) -> Category:
    """Closes a category for new orders and returns it; open orders keep its rules.

    A retired group closes all its leaves. Raises NotFound `not_found`, Forbidden
    `category.not_allowed`, Conflict `category.already_retired`.
    """
    category = _locked(actor, category_id)
    if category.retired_at is not None:
        raise Conflict("category.already_retired", "这个分类已经停用了。")
    category.retire(now())
    audit.record(actor, "category.retired", "category", category.id, unit_id=category.unit_id)
    return category


def restore_category(actor: Actor, category_id: int) -> Category:
    """Opens a retired category for new orders again and returns it.

    Raises NotFound `not_found`, Forbidden `category.not_allowed`, Conflict `category.not_retired`.
    """
    category = _locked(actor, category_id)
    if category.retired_at is None:
        raise Conflict("category.not_retired", "这个分类正在使用。")
    category.restore()
    audit.record(actor, "category.restored", "category", category.id, unit_id=category.unit_id)
    return category


def hand_over_categories(actor: Actor, unit_id: int, successor_unit_id: int | None) -> None:
    """Gives the own categories of a closing unit to its successor, or retires them without one.

    Raises NotFound `not_found`, Forbidden `category.not_allowed`.
    """
    _check_may_edit(actor, get_unit(unit_id).path)
    for category in session.scalars(lock(select(Category).where(Category.unit_id == unit_id))):
        if successor_unit_id is not None:
            category.change({"unit_id": successor_unit_id})
        elif category.retired_at is None:
            category.retire(now())


def _locked(actor: Actor, category_id: int) -> Category:
    category = session.scalar(lock(select(Category).where(Category.id == category_id)))
    if category is None:
        raise not_found()
    unit = None if category.unit_id is None else get_unit(category.unit_id)
    _check_may_edit(actor, unit.path if unit else None)
    return category


def _check_may_edit(actor: Actor, unit_path: str | None) -> None:
    if not may_edit_category(actor, unit_path):
        raise Forbidden("category.not_allowed", "您没有维护这个分类的权限。")


def _unit(unit_id: int | None) -> Unit | None:
    if unit_id is None:
        return None
    try:
        unit = get_unit(unit_id)
    except NotFound as missing:
        raise Invalid("category.unit_unknown", "没有这个单位，请重新选择。") from missing
    if not is_open(unit):
        raise Conflict("category.unit_closed", "这个单位已经撤销，不能再添加分类。")
    return unit


def _check_parent(parent_id: int | None, unit_path: str) -> None:
    if parent_id is None:
        return
    parent = session.get(Category, parent_id)
    if parent is None or not parent.is_group or not parent.serves(unit_path):
        raise Invalid("category.parent_not_a_group", "上级分类不对，请选一个大类。")
    if parent.retired_at is not None:
        raise Conflict("category.parent_retired", f"“{parent.name}”已经停用，不能再往里添加。")


def _checked(rules: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(rules)
    if values.get("policy", "danger") not in POLICIES and not is_policy(values["policy"]):
        raise Invalid("category.policy_unknown", "没有这种办理时限，请重新选择。")
    if "questions" in values:
        values["questions"] = checked_questions(values["questions"])
    return values


def _ids_by_code(codes: list[str]) -> dict[str, int]:
    statement = select(Category.code, Category.id).where(Category.code.in_(codes))
    return {row.code: row.id for row in session.execute(statement)}

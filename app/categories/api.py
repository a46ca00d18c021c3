"""Endpoints of the tree: everybody reads it, administrators change it."""

from typing import Any

from app.categories import queries, service
from app.categories.models import Category
from app.categories.schemas import CategoryChangeIn, CategoryIn, CategoryOut, TreeOut, TreeQuery
from app.kernel.actor import current_actor
from app.kernel.http import Blueprint, check_version, tag
from app.kernel.idempotency import repeatable

blueprint = Blueprint(
    "categories", __name__, url_prefix="/api/v1", description="分类：居民办什么事，各按什么规矩办"
)
BLUEPRINTS = (blueprint,)


@blueprint.get("/categories")
@blueprint.arguments(TreeQuery, location="query")
@blueprint.response(200, TreeOut)
def list_categories(query: dict[str, Any]) -> dict[str, Any]:
    """某单位使用的分类树；`q` 按名称或拼音首字母查找。"""
    return {"items": queries.tree(current_actor(), **query), "next_cursor": None}


@blueprint.get("/categories/<int:category_id>")
@blueprint.response(200, CategoryOut)
def get_category(category_id: int) -> Category:
    """一个分类和它的规则。"""
    category = queries.get_visible_category(current_actor(), category_id)
    tag(category.version)
    return category


@blueprint.post("/categories")
@blueprint.arguments(CategoryIn)
@blueprint.response(201, CategoryOut)
@repeatable(queries.get_visible_category)
def create_category(data: dict[str, Any]) -> Category:
    """新增分组或分类。"""
    return service.create_category(current_actor(), **data)


@blueprint.put("/categories/<int:category_id>")
@blueprint.arguments(CategoryChangeIn)
@blueprint.response(200, CategoryOut)
def change_category(data: dict[str, Any], category_id: int) -> Category:
    """修改分类的规则；`sort` 决定先后。"""
    category = service.change_category(current_actor(), category_id, data, check=check_version)
    tag(category.version)
    return category


@blueprint.post("/categories/<int:category_id>/retire")
@blueprint.response(200, CategoryOut)
@repeatable(queries.get_visible_category)
def retire_category(category_id: int) -> Category:
    """停用分类，不再接新的工单。"""
    return service.retire_category(current_actor(), category_id)


@blueprint.post("/categories/<int:category_id>/restore")
@blueprint.response(200, CategoryOut)
@repeatable(queries.get_visible_category)
def restore_category(category_id: int) -> Category:
    """恢复分类。"""
    return service.restore_category(current_actor(), category_id)

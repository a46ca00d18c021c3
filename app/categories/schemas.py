"""Schemas of categories."""

from typing import Any

from marshmallow import fields, validate

from app.categories.models import Category
from app.categories.queries import Branch
from app.categories.states import NeedsPhoto, QuestionKind, Urgency
from app.kernel.http import Identifier, Moment, Schema, Text

YEAR_MINUTES = 366 * 24 * 60


class QuestionIn(Schema):
    """A question of a category."""

    code = Text(required=True, longest=32, shortest=1)
    text = Text(required=True, longest=100, shortest=1)
    kind = fields.Enum(QuestionKind, by_value=True, required=True)
    required = fields.Boolean(load_default=False)
    choices = fields.List(
        Text(longest=40, shortest=1), load_default=list, validate=validate.Length(max=30)
    )
    max_length = fields.Integer(
        load_default=None, strict=True, allow_none=True, validate=validate.Range(min=1, max=2000)
    )
    minimum = fields.Float(load_default=None, allow_none=True)
    maximum = fields.Float(load_default=None, allow_none=True)


class QuestionOut(Schema):
    """A question with all its fields."""

    code = fields.String(required=True)
    text = fields.String(required=True)
    kind = fields.String(
        required=True, validate=validate.OneOf([kind.value for kind in QuestionKind])
    )
    required = fields.Boolean(required=True)
    choices = fields.List(fields.String(), required=True)
    max_length = fields.Integer(required=True, allow_none=True)
    minimum = fields.Float(required=True, allow_none=True)
    maximum = fields.Float(required=True, allow_none=True)


class Stored(fields.Nested):
    """A field whose stored value already has the form of the answer, so it is not serialised again."""

    def _serialize(self, nested_obj: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:  # type: ignore[override]  # as Nested
        return nested_obj


def _minutes() -> fields.Integer:
    return fields.Integer(
        load_default=None,
        strict=True,
        allow_none=True,
        validate=validate.Range(min=1, max=YEAR_MINUTES),
    )


class CategoryChangeIn(Schema):
    """All rules of a category; a field left out gets its default."""

    name = Text(required=True, longest=40, shortest=1)
    sort = fields.Integer(load_default=0, strict=True, validate=validate.Range(min=0, max=9999))
    urgency = fields.Enum(Urgency, by_value=True, load_default=Urgency.NORMAL)
    policy = Text(load_default="ordinary_13710", longest=32)
    skills = fields.List(
        Text(longest=20, shortest=1), load_default=list, validate=validate.Length(max=10)
    )
    questions = fields.List(fields.Nested(QuestionIn), load_default=list)
    needs_photo = fields.Enum(NeedsPhoto, by_value=True, load_default=NeedsPhoto.NONE)
    check_before_answer = fields.Boolean(load_default=False)
    green_channel = fields.Boolean(load_default=False)
    public_place = fields.Boolean(load_default=False)
    sensitive = fields.Boolean(load_default=False)
    two_people = fields.Boolean(load_default=False)
    vetted_only = fields.Boolean(load_default=False)
    no_cash = fields.Boolean(load_default=False)
    home_visit = fields.Boolean(load_default=False)
    staff_only = fields.Boolean(load_default=False)
    to_unit_above = fields.Boolean(load_default=False)
    radius_m = fields.Integer(
        load_default=None, strict=True, allow_none=True, validate=validate.Range(min=10, max=5000)
    )
    stale_minutes = _minutes()
    accept_minutes = _minutes()
    pool_minutes = _minutes()
    backstop_role = Text(load_default=None, longest=32, allow_none=True)
    resident_text = Text(load_default="", longest=300)
    stop_message = Text(load_default="", longest=300)


class CategoryIn(CategoryChangeIn):
    """A new category."""

    parent_id = Identifier(load_default=None, allow_none=True)
    unit_id = Identifier(load_default=None, allow_none=True)
    code = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(
            r"\A[a-z][a-z0-9_]{0,31}\Z", error="代码只能用小写英文字母、数字和下划线，以字母开头。"
        ),
        metadata={"description": "不填则自动生成"},
    )


class CategoryOut(Schema):
    """A category with its rules."""

    id = fields.Integer(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    initials = fields.String(required=True, metadata={"description": "名称的拼音首字母"})
    parent_id = fields.Integer(required=True, allow_none=True)
    unit_id = fields.Integer(required=True, allow_none=True)
    sort = fields.Integer(required=True)
    urgency = fields.Enum(Urgency, by_value=True, required=True)
    policy = fields.String(required=True)
    skills = fields.List(fields.String(), required=True)
    questions = Stored(QuestionOut, many=True, required=True)
    needs_photo = fields.Enum(NeedsPhoto, by_value=True, required=True)
    check_before_answer = fields.Boolean(required=True)
    green_channel = fields.Boolean(required=True)
    public_place = fields.Boolean(required=True)
    sensitive = fields.Boolean(required=True)
    two_people = fields.Boolean(required=True)
    vetted_only = fields.Boolean(required=True)
    no_cash = fields.Boolean(required=True)
    home_visit = fields.Boolean(required=True)
    staff_only = fields.Boolean(required=True)
    to_unit_above = fields.Boolean(required=True)
    radius_m = fields.Integer(required=True, allow_none=True)
    stale_minutes = fields.Integer(required=True, allow_none=True)
    accept_minutes = fields.Integer(required=True, allow_none=True)
    pool_minutes = fields.Integer(required=True, allow_none=True)
    backstop_role = fields.String(required=True, allow_none=True)
    resident_text = fields.String(required=True)
    stop_message = fields.String(required=True)
    retired_at = Moment(required=True, allow_none=True)
    version = fields.Integer(required=True)


class BranchOut(CategoryOut):
    """A category with its rules and the categories below it (`children`)."""

    children = fields.List(fields.Nested(lambda: BranchOut()), required=True)

    def get_attribute(self, obj: Branch | Category, attr: str, default: Any) -> Any:
        """Reads `children` from the Branch and all other fields from its category."""
        if isinstance(obj, Branch) and attr != "children":
            return super().get_attribute(obj.category, attr, default)
        return super().get_attribute(obj, attr, default)


class TreeQuery(Schema):
    """Filters of the tree."""

    unit_id = Identifier(load_default=None, strict=False)
    q = Text(
        load_default=None,
        longest=40,
        metadata={"description": "名称的一部分，或拼音首字母的开头"},
    )
    everything = fields.Boolean(
        load_default=False, metadata={"description": "连同已停用的和空的大类（维护分类时用）"}
    )


class TreeOut(Schema):
    """The whole tree on one page."""

    items = fields.List(fields.Nested(BranchOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)

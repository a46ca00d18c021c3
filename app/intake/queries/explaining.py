"""The empty table of a mapping, with a second sheet that tells how to fill it in."""

from collections.abc import Iterable, Iterator

from app.categories.queries import tree
from app.intake.mappings import ImportMapping, shipped_mapping
from app.intake.policy import may_import_somewhere
from app.kernel.actor import Actor
from app.kernel.errors import Forbidden

Table = list[list[str]]


def template_of(actor: Actor, mapping_name: str) -> list[tuple[str, Table]]:
    """Two sheets, each a pair of a title and rows of texts: the headings, and a row for each column.

    Raises Forbidden `import.not_allowed`, Invalid `import.mapping_unknown`.
    """
    if not may_import_somewhere(actor):
        raise Forbidden("import.not_allowed", "您没有导入工单的权限。")
    mapping = shipped_mapping(mapping_name)
    told = dict(_told(actor, mapping))
    lines = [
        [column, "必填" if column in mapping.needed else "", told.get(column, "")]
        for column in mapping.columns
    ]
    return [
        (mapping.title, [list(mapping.columns)]),
        ("填写说明", [["列名", "必填", "怎么填"], *lines]),
    ]


def _told(actor: Actor, mapping: ImportMapping) -> Iterator[tuple[str | None, str]]:
    for column in mapping.times.columns.values():
        yield column, f"时间，例如 {mapping.times.example}"
    yield mapping.number, "原来的编号，每行不同；再导入一次时，编号已有的不会重复"
    yield mapping.status.column, _one_of(mapping.status.values)
    yield mapping.source.column, _one_of(mapping.source.values)
    yield mapping.category.column, _one_of(mapping.category.values or _leaves(actor))
    yield mapping.anonymous.column, _one_of((*mapping.anonymous.yes, *mapping.anonymous.no))
    yield mapping.contact.name, "加密保存"
    yield mapping.contact.phone, "手机或座机，加密保存"
    yield mapping.position.place, "登记的小区、楼栋的全名或编号，没有就空着"


def _one_of(words: Iterable[str]) -> str:
    return "填其中一个：" + "、".join(word for word in words if word)


def _leaves(actor: Actor) -> list[str]:
    return [leaf.category.name for group in tree(actor, None) for leaf in group.children]

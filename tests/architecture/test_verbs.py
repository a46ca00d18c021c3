"""A verb of the orders is understood from at most seven files."""

import ast
import re
from pathlib import Path

import pytest

ROOM = Path(__file__).resolve().parents[2] / "app" / "orders"
MOST_FILES = 7
_VERB = re.compile(r"_act\(\s*Action\.(\w+),\s*actions\.(\w+),\s*\w+\.(\w+)")
VERBS = _VERB.findall((ROOM / "door" / "api.py").read_text(encoding="utf-8"))


def files_of(room: Path, action: str, schema: str, verb: str) -> list[str]:
    """The files that name the action, the verb, or the shape of its body."""
    found = []
    for source in sorted(room.rglob("*.py")):
        text = source.read_text(encoding="utf-8")
        enums = "|".join(["Action", *_aliases(ast.parse(text))])
        named = rf"\b({enums})\.{action}\b|\b{verb}\b|\b{action} = \"|class {schema}\b"
        if re.search(named, text):
            found.append(source.relative_to(room).as_posix())
    return found


def _aliases(tree: ast.Module) -> list[str]:
    """Other names that a file gives to `Action`: by import, alone, or beside others."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found += [a.asname for a in node.names if a.name == "Action" and a.asname]
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = [(target, node.value)]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = list(zip(target.elts, node.value.elts, strict=False))
                found += [
                    name.id
                    for name, value in pairs
                    if isinstance(name, ast.Name)
                    and isinstance(value, ast.Name)
                    and value.id == "Action"
                ]
    return found


def test_all_verbs_are_found() -> None:
    """The list is not empty by a change of style."""
    assert len(VERBS) > 30


@pytest.mark.parametrize(("action", "schema", "verb"), VERBS)
def test_a_verb_stands_in_few_files(action: str, schema: str, verb: str) -> None:
    """States, policy, service, schemas, api, and two more at most."""
    found = files_of(ROOM, action, schema, verb)
    assert {"ticket/states.py", "access/policy.py", "door/api.py"} <= set(found)
    assert len(found) <= MOST_FILES, found


@pytest.mark.parametrize(
    "text",
    [
        "x = Action.CLAIM\n",
        "A = Action\nx = A.CLAIM\n",
        "A, S = Action, OrderStatus\nx = A.CLAIM\n",
        "from app.orders.ticket.states import Action as Act\nx = Act.CLAIM\n",
    ],
)
def test_a_scattered_verb_is_found(tmp_path: Path, text: str) -> None:
    """The count counts, whatever name a file gives to the enum."""
    for number in range(9):
        (tmp_path / f"f{number}.py").write_text(text, encoding="utf-8")
    assert len(files_of(tmp_path, "CLAIM", "NoteIn", "claim_order")) == 9

"""A verb of the orders is understood from at most seven files."""

import re
from pathlib import Path

import pytest

ROOM = Path(__file__).resolve().parents[2] / "app" / "orders"
MOST_FILES = 7
_VERB = re.compile(r"_act\(\s*Action\.(\w+),\s*actions\.(\w+),\s*\w+\.(\w+)")
VERBS = _VERB.findall((ROOM / "api.py").read_text(encoding="utf-8"))


def files_of(room: Path, action: str, schema: str, verb: str) -> list[str]:
    """The files that name the action, the verb, or the shape of its body."""
    named = re.compile(rf"\bAction\.{action}\b|\b{verb}\b|\b{action} = \"|class {schema}\b")
    sources = sorted(room.rglob("*.py"))
    return [s.name for s in sources if named.search(s.read_text(encoding="utf-8"))]


def test_all_verbs_are_found() -> None:
    """The list is not empty by a change of style."""
    assert len(VERBS) > 30


@pytest.mark.parametrize(("action", "schema", "verb"), VERBS)
def test_a_verb_stands_in_few_files(action: str, schema: str, verb: str) -> None:
    """States, policy, service, schemas, api, and two more at most."""
    found = files_of(ROOM, action, schema, verb)
    assert {"states.py", "policy.py", "api.py"} <= set(found)
    assert len(found) <= MOST_FILES, found


def test_a_scattered_verb_is_found(tmp_path: Path) -> None:
    """The count counts."""
    for number in range(9):
        (tmp_path / f"f{number}.py").write_text("x = Action.CLAIM\n", encoding="utf-8")
    assert len(files_of(tmp_path, "CLAIM", "NoteIn", "claim_order")) == 9

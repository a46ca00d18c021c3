"""Imports through the API."""

import io
from typing import Any

from tests.organisation.conftest import RESIDENT, Door, Tree, fails, ok


def upload(text: str) -> dict[str, Any]:
    """A multipart body."""
    return {"data": {"file": (io.BytesIO(text.encode("utf-8-sig")), "表.csv")}}


def test_importing_by_the_api(tree: Tree, door: Door) -> None:
    """One part, `file`; good rows in, bad ones told; strict nothing."""
    admin = tree.actor(tree.street)
    rows = "编号,名称,类别,上级编号\nX1,第8网格,网格,C1\nX2,第9网格,网格,C9\n"
    fails(door(RESIDENT, "POST", "/units/import", **upload(rows)), 403, "unit.not_allowed")
    told = fails(
        door(admin, "POST", "/units/import?strict=true", **upload(rows)), 422, "import.faults"
    )
    assert list(told["errors"]) == ["3"]
    done = ok(door(admin, "POST", "/units/import", **upload(rows)))
    assert (done["created"], done["changed"], done["unchanged"], done["ignored"]) == (1, 0, 0, [])
    assert [(fault["row"], fault["column"]) for fault in done["faults"]] == [(3, "上级编号")]
    fails(door(admin, "POST", "/units/import"), 422, "body.invalid")
    fails(door(admin, "POST", "/units/import", **upload("")), 422, "import.empty")
    places = "编号,名称,类别,单位编号\nE1,幸福小区,小区,C1\n"
    assert ok(door(admin, "POST", "/places/import", **upload(places)))["created"] == 1
    many = "编号,名称,类别\n" + "1,甲,小区\n" * 1001
    fails(door(admin, "POST", "/places/import", **upload(many)), 422, "import.too_many_rows")

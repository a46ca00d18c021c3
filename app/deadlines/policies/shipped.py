"""Reads policies in TOML: the shipped ones in `defaults/` and files of the same form. Pure."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from app.deadlines.computing.rules import BadRules, read_stages

DEFAULTS = Path(__file__).with_name("defaults") / "policies.toml"


@dataclass(frozen=True, slots=True)
class WrittenPolicy:
    """One policy of a file; `stages` have the form of the table `deadline_policies`."""

    code: str
    name: str | None
    stages: list[dict[str, Any]]


def read_policies(text: str) -> tuple[WrittenPolicy, ...]:
    """The policies of a TOML text, in its order; raises BadRules.

    Each [[policy]] has a code, a name and a [[policy.stage]] for each stage.
    """
    try:
        entries = tomllib.loads(text)["policy"]
        found = tuple(
            WrittenPolicy(str(entry["code"]), entry.get("name"), entry["stage"])
            for entry in entries
        )
        for policy in found:
            read_stages(policy.stages)
    except BadRules:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as wrong:
        raise BadRules("文件的写法不对，请对照自带的 policies.toml。") from wrong
    return found


@cache
def shipped_policies() -> tuple[WrittenPolicy, ...]:
    """The policies that ship with the program, in the order of the file."""
    return read_policies(DEFAULTS.read_text(encoding="utf-8"))

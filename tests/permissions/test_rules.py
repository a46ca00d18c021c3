"""Every rule of every room's policy, for every role at every place in every relation."""

from types import ModuleType

import pytest

from app import POLICIES
from app.people.roles import ROLES
from tests.permissions.rule_rows import ROWS
from tests.permissions.rules import (
    COLUMNS,
    HELD_AT,
    NOBODY,
    QUESTIONS,
    RELATIONS,
    examine,
    unruled,
)

ASKED = len(QUESTIONS) * (len(COLUMNS) * len(HELD_AT) * len(RELATIONS) + 1)


def test_every_rule_has_its_row() -> None:
    """A new rule without one fails."""
    assert unruled(POLICIES, ROWS) == set()


def test_every_role_has_its_column() -> None:
    """A new role without one fails."""
    assert set(COLUMNS) == {role.code for role in ROLES} | {NOBODY}


def test_each_rule_answers_as_its_row() -> None:
    """True or False and nothing else."""
    answers = examine(QUESTIONS, ROWS)
    assert answers.asked == ASKED
    assert answers.wrong == set()


def test_a_planted_rule_is_missed() -> None:
    """Without question and row it does not pass."""
    planted = ModuleType("app.planted.policy")
    vars(planted)["may_everything"] = lambda actor: True
    assert unruled((*POLICIES, planted), ROWS) == {"no question: planted.may_everything"}


@pytest.mark.parametrize("answer", [True, False, None, 1])
def test_a_wrong_rule_is_found(answer: object) -> None:
    """Whoever lets all in, or nobody, or answers neither yes nor no."""
    held = next(question for question in QUESTIONS if question.name == "orders.may_handle")
    planted = type(held)(held.name, lambda who: answer)
    assert examine([planted], ROWS).wrong

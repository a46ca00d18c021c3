"""Answers against questions."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.categories.questions import checked_answers, checked_questions
from app.categories.tree import shipped_tree
from app.kernel.errors import Invalid

QUESTIONS = checked_questions(
    [
        {"code": "what", "text": "什么？", "kind": "text", "required": True, "max_length": 5},
        {"code": "people", "text": "几人？", "kind": "number", "minimum": 1, "maximum": 9},
        {"code": "where", "text": "哪里？", "kind": "choice", "choices": ["家里", "楼道"]},
        {"code": "who", "text": "谁？", "kind": "choices", "choices": ["老人", "小孩", "孕妇"]},
        {"code": "on", "text": "哪天？", "kind": "date"},
    ]
)


def test_answers_are_trimmed_ordered_and_emptied_of_nothing() -> None:
    """What is kept is what was said."""
    answers = {
        "on": "2026-01-31",
        "who": ["孕妇", "老人", "老人"],
        "people": 2,
        "where": "",
        "what": " 漏水 ",
    }
    cleaned = checked_answers(QUESTIONS, answers)
    assert cleaned == {"what": "漏水", "people": 2, "who": ["老人", "孕妇"], "on": "2026-01-31"}
    assert list(cleaned) == ["what", "people", "who", "on"]


@pytest.mark.parametrize(
    ("answers", "code", "field"),
    [
        ({"what": "漏", "colour": "红"}, "answer.unknown", "colour"),
        ({"what": "漏", "\ud800": "红"}, "answer.unknown", "?"),
        ({}, "answer.missing", "what"),
        ({"what": "   "}, "answer.missing", "what"),
        ({"what": None}, "answer.missing", "what"),
        ({"what": 3}, "answer.wrong_type", "what"),
        ({"what": "a\x00b"}, "answer.wrong_type", "what"),
        ({"what": "\ud800"}, "answer.wrong_type", "what"),
        ({"what": "一二三四五六"}, "answer.too_long", "what"),
        ({"what": "漏", "people": "2"}, "answer.wrong_type", "people"),
        ({"what": "漏", "people": True}, "answer.wrong_type", "people"),
        ({"what": "漏", "people": float("nan")}, "answer.out_of_range", "people"),
        ({"what": "漏", "people": 0}, "answer.out_of_range", "people"),
        ({"what": "漏", "people": 10}, "answer.out_of_range", "people"),
        ({"what": "漏", "where": "街上"}, "answer.not_offered", "where"),
        ({"what": "漏", "where": ["家里"]}, "answer.wrong_type", "where"),
        ({"what": "漏", "who": "老人"}, "answer.wrong_type", "who"),
        ({"what": "漏", "who": ["老人", 1]}, "answer.wrong_type", "who"),
        ({"what": "漏", "who": ["老人", "路人"]}, "answer.not_offered", "who"),
        ({"what": "漏", "on": "2026-02-30"}, "answer.wrong_type", "on"),
        ({"what": "漏", "on": 20260131}, "answer.wrong_type", "on"),
    ],
)
def test_misfit_has_its_own_code(answers: dict[str, Any], code: str, field: str) -> None:
    """And names the question."""
    with pytest.raises(Invalid) as refused:
        checked_answers(QUESTIONS, answers)
    assert refused.value.code == code
    assert list(refused.value.errors or {}) == [f"answers.{field}"]
    assert refused.value.message.endswith(("。", "？"))


def test_all_misfits_are_named_at_once() -> None:
    """Nobody wants to correct a form one field a try."""
    with pytest.raises(Invalid) as refused:
        checked_answers(QUESTIONS, {"people": 0, "where": "街上"})
    assert set(refused.value.errors or {}) == {"answers.what", "answers.people", "answers.where"}


def test_number_without_bounds_still_has_some() -> None:
    """JSON in the phone cannot hold more than 53 bits."""
    unbounded = checked_questions([{"code": "n", "text": "多少？", "kind": "number"}])
    with pytest.raises(Invalid) as refused:
        checked_answers(unbounded, {"n": 10**300})
    assert refused.value.code == "answer.out_of_range"
    with pytest.raises(Invalid) as infinite:
        checked_answers(unbounded, {"n": 10**400})
    assert infinite.value.code == "answer.out_of_range"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
LEAVES = [leaf for group in shipped_tree() for leaf in group.leaves]


@pytest.mark.slow
@given(leaf=st.sampled_from(LEAVES), data=st.data())
def test_any_json_is_cleaned_or_refused(leaf: dict[str, Any], data: st.DataObject) -> None:
    """Whatever a phone sends; and what was cleaned is clean."""
    codes = [question["code"] for question in leaf["questions"]] or ["x"]
    offered = [choice for question in leaf["questions"] for choice in question["choices"]]
    values = JSON | st.sampled_from(offered or ["x"]) | st.lists(st.sampled_from(offered or ["x"]))
    answers = data.draw(st.dictionaries(st.sampled_from(codes) | st.text(), values))
    try:
        cleaned = checked_answers(leaf["questions"], answers)
    except Invalid as refused:
        assert refused.code.startswith("answer.")
        assert refused.errors
    else:
        assert checked_answers(leaf["questions"], cleaned) == cleaned
        assert set(cleaned) <= set(codes)


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ({"code": "Was", "kind": "text"}, "question.bad_code"),
        ({"code": "x", "kind": "choice", "choices": ["一"]}, "question.choices_missing"),
        ({"code": "x", "kind": "choices"}, "question.choices_missing"),
        ({"code": "x", "kind": "choice", "choices": ["一", "一"]}, "question.choice_twice"),
        ({"code": "x", "kind": "text", "choices": ["一", "二"]}, "question.choices_unused"),
        ({"code": "x", "kind": "number", "minimum": 2, "maximum": 1}, "question.bad_range"),
    ],
)
def test_question_that_makes_no_sense_is_refused(question: dict[str, Any], code: str) -> None:
    """When an administrator writes one."""
    with pytest.raises(Invalid) as refused:
        checked_questions([{"text": "问？", **question}])
    assert refused.value.code == code


def test_questions_are_told_apart_and_counted() -> None:
    """Two of one code, and more than ten."""
    one = {"code": "x", "text": "问？", "kind": "text"}
    with pytest.raises(Invalid) as twice:
        checked_questions([one, one])
    assert twice.value.code == "question.code_twice"
    with pytest.raises(Invalid) as many:
        checked_questions([{**one, "code": f"x{n}"} for n in range(11)])
    assert many.value.code == "question.too_many"

"""The questions of a category, and the check of answers to them; it does not use the database.

A question is {code, text, kind, required, choices, max_length, minimum, maximum}. An answer is
stored under the question's code: a text, a number, one choice, a list of choices, or a day as
"2026-01-31".
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from app.categories.states import QuestionKind
from app.kernel.errors import Invalid

Question = Mapping[str, Any]
Answer = str | int | float | list[str]

LONGEST_ANSWER = 500
MOST_QUESTIONS = 10
# The largest whole number that every JSON reader reads exactly.
EXACT = 2**53 - 1
_CODE = re.compile(r"[a-z][a-z0-9_]{0,31}")
_WITH_CHOICES = (QuestionKind.CHOICE, QuestionKind.CHOICES)
_LINE_BREAKS = "\n\r\t"


class _MisfitError(Exception):
    """An answer that does not fit; `checked_answers` collects them, so callers never see it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


def checked_questions(questions: Sequence[Question]) -> list[dict[str, Any]]:
    """Returns the questions with all their fields filled in.

    Raises Invalid `question.too_many` (more than ten), `question.code_twice`, `question.bad_code`,
    `question.bad_range`, `question.choices_unused`, `question.choices_missing`,
    `question.choice_twice`.
    """
    if len(questions) > MOST_QUESTIONS:
        raise Invalid("question.too_many", f"一个分类最多{MOST_QUESTIONS}个问题。")
    complete = [_checked_question(question) for question in questions]
    codes = [question["code"] for question in complete]
    if len(set(codes)) < len(codes):
        raise Invalid("question.code_twice", "两个问题用了同一个代码。")
    return complete


def _checked_question(question: Question) -> dict[str, Any]:
    complete = {
        "code": question["code"],
        "text": question["text"],
        "kind": QuestionKind(question["kind"]).value,
        "required": question.get("required", False),
        "choices": list(question.get("choices") or []),
        "max_length": question.get("max_length"),
        "minimum": question.get("minimum"),
        "maximum": question.get("maximum"),
    }
    if not _CODE.fullmatch(complete["code"]):
        raise Invalid(
            "question.bad_code", "问题的代码只能用小写英文字母、数字和下划线，以字母开头。"
        )
    _check_choices(complete["kind"], complete["choices"])
    low, high = complete["minimum"], complete["maximum"]
    if low is not None and high is not None and low > high:
        raise Invalid("question.bad_range", "最小值不能大于最大值。")
    return complete


def _check_choices(kind: str, choices: list[str]) -> None:
    if kind not in _WITH_CHOICES:
        if choices:
            raise Invalid("question.choices_unused", "只有选择题才有选项。")
        return
    if len(choices) < 2:
        raise Invalid("question.choices_missing", "选择题至少要有两个选项。")
    if len(set(choices)) < len(choices):
        raise Invalid("question.choice_twice", "选项有重复。")


def checked_answers(questions: Sequence[Question], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the answers in the order of the questions, trimmed and without empty ones.

    Raises Invalid with the code of the first wrong answer: `answer.unknown`, `answer.missing`,
    `answer.wrong_type`, `answer.not_offered`, `answer.too_long` or `answer.out_of_range`. Its
    `errors` name every wrong answer under `answers.<code>`.
    """
    misfits: dict[str, _MisfitError] = {}
    cleaned: dict[str, Any] = {}
    known = {question["code"] for question in questions}
    for code in answers:
        if code not in known:
            misfits[_shown(code)] = _MisfitError("answer.unknown", "没有这个问题。")
    for question in questions:
        try:
            answer = _cleaned(question, answers.get(question["code"]))
        except _MisfitError as misfit:
            misfits[question["code"]] = misfit
            continue
        if answer is not None:
            cleaned[question["code"]] = answer
    if misfits:
        first = next(iter(misfits.values()))
        errors = {f"answers.{code}": [misfit.message] for code, misfit in misfits.items()}
        raise Invalid(first.code, first.message, errors=errors)
    return cleaned


def _shown(code: str) -> str:
    """Returns the code of an unknown question, cut to 40 characters and fit for UTF-8."""
    return code[:40].encode(errors="replace").decode()


def _cleaned(question: Question, raw: object) -> Answer | None:
    answer = raw.strip() if isinstance(raw, str) else raw
    if answer is None or answer == "" or answer == []:
        if question["required"]:
            raise _MisfitError("answer.missing", f"请回答：{question['text']}")
        return None
    return _CHECKS[QuestionKind(question["kind"])](question, answer)


def _text(question: Question, answer: object) -> str:
    if not isinstance(answer, str) or any(map(_is_unprintable, answer)):
        raise _MisfitError("answer.wrong_type", "这里要填文字。")
    longest = question["max_length"] or LONGEST_ANSWER
    if len(answer) > longest:
        raise _MisfitError("answer.too_long", f"最多写{longest}个字。")
    return answer


def _is_unprintable(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cs") and char not in _LINE_BREAKS


def _number(question: Question, answer: object) -> int | float:
    # In Python a bool is an int, but true and false are not numbers here.
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        raise _MisfitError("answer.wrong_type", "这里要填数字。")
    low, high = question["minimum"], question["maximum"]
    low = -EXACT if low is None else low
    high = EXACT if high is None else high
    # `answer < low or answer > high` would let NaN pass, since both are false for it.
    if not low <= answer <= high:
        raise _MisfitError("answer.out_of_range", "这个数字不在合理的范围内。")
    return answer


def _choice(question: Question, answer: object) -> str:
    if not isinstance(answer, str):
        raise _MisfitError("answer.wrong_type", "请选一项。")
    if answer not in question["choices"]:
        raise _MisfitError("answer.not_offered", "请从给出的选项里选。")
    return answer


def _choices(question: Question, answer: object) -> list[str]:
    if not isinstance(answer, list):
        raise _MisfitError("answer.wrong_type", "请选一项或几项。")
    picked = {_choice(question, choice) for choice in answer}
    return [choice for choice in question["choices"] if choice in picked]


def _date(_: Question, answer: object) -> str:
    wrong = _MisfitError("answer.wrong_type", "日期要写成2026-01-31这样。")
    if not isinstance(answer, str):
        raise wrong
    try:
        return date.fromisoformat(answer).isoformat()
    except ValueError:
        raise wrong from None


_CHECKS: dict[QuestionKind, Callable[[Question, object], Answer]] = {
    QuestionKind.TEXT: _text,
    QuestionKind.NUMBER: _number,
    QuestionKind.CHOICE: _choice,
    QuestionKind.CHOICES: _choices,
    QuestionKind.DATE: _date,
}

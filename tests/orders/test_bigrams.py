"""Texts made alike, and the pairs they fall into."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.orders.ticket.bigrams import bigrams, normalised, tokens

# Few characters, so that they often meet; one of four bytes, and two whose hexadecimals run together.
TEXTS = st.text(alphabet='路灯不 aA"*%_\U00020bb7\u0012\u0123', max_size=12)


@pytest.mark.parametrize(
    ("said", "made"),
    [
        ("ＬＥＤ　路灯\n\n不亮 ", "led 路灯 不亮"),
        ("１００％", "100%"),
        ("Straße ㎡", "strasse m2"),
        ("cafe\u0301", "caf\u00e9"),
        ("，。！", ",。!"),
        ("", ""),
    ],
)
def test_made_alike(said: str, made: str) -> None:
    """Full width and half, large and small, all kinds of white space."""
    assert normalised(said) == made
    assert normalised(made) == made


def test_pairs() -> None:
    assert bigrams("路灯不亮") == ["路灯", "灯不", "不亮"]
    assert bigrams("灯灯灯") == ["灯灯", "灯灯"]
    assert bigrams("灯") == bigrams("") == []


def test_words_are_plain_and_never_the_same_for_two_pairs() -> None:
    assert tokens(["路灯", "灯 "]) == "8defx706f 706fx20"
    assert tokens(["\x12\u0345"]) != tokens(["\u0123\x45"])


@given(TEXTS, TEXTS)
def test_a_phrase_of_words_is_a_part_of_the_text(text: str, part: str) -> None:
    """What the index of SQLite relies on."""
    if len(part) > 1:
        phrase, whole = tokens(bigrams(part)), tokens(bigrams(text))
        assert (f" {phrase} " in f" {whole} ") == (part in text)

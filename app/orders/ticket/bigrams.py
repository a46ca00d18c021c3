"""Search by words: normalises texts and cuts them into pairs of neighbours (bigrams). Pure.

A search for q finds a text where `normalised(q) in normalised(text)`. Chinese has no spaces between
words, so both databases look for pairs of characters instead; a text holds q only if it holds all
pairs of q.
"""

import unicodedata
from collections.abc import Iterable

# A single character makes no pair.
SHORTEST = 2


def normalised(text: str) -> str:
    """The text with the same width, case and white space for all: "ＬＥＤ　灯\\n坏" → "led 灯 坏"."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def bigrams(text: str) -> list[str]:
    """The pairs of neighbours in a normalised text, in order and with repetitions."""
    return [text[at : at + SHORTEST] for at in range(len(text) - 1)]


def tokens(pairs: Iterable[str]) -> str:
    """The pairs as ASCII words that any tokenizer leaves whole: "路灯 " → "8defx706f 706fx20"."""
    return " ".join(f"{ord(pair[0]):x}x{ord(pair[1]):x}" for pair in pairs)

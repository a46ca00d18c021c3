"""Search by words: how texts are made alike, and the pairs of neighbours (bigrams) they fall into. Pure.

A search for q finds a text where `normalised(q) in normalised(text)`. Chinese has no spaces between
words, so both databases look for pairs of characters instead; a text holds q only if it holds all
pairs of q.
"""

import unicodedata
from collections.abc import Iterable

# One character alone has no pair.
SHORTEST = 2


def normalised(text: str) -> str:
    """Width, case and white space made alike: "ＬＥＤ　灯\\n坏" → "led 灯 坏"."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def bigrams(text: str) -> list[str]:
    """The pairs of neighbours of a normalised text, in order and as often as they stand there."""
    return [text[at : at + SHORTEST] for at in range(len(text) - 1)]


def tokens(pairs: Iterable[str]) -> str:
    """The pairs as words that any tokenizer leaves whole: "路灯 " → "8defx706f 706fx20"."""
    return " ".join(f"{ord(pair[0]):x}x{ord(pair[1]):x}" for pair in pairs)

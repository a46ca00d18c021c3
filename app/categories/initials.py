"""首字母: the first letters of a name's pinyin, by which a category is found on a keyboard."""

from functools import lru_cache

from pypinyin import Style, lazy_pinyin


@lru_cache(maxsize=4096)
def initials_of(name: str) -> str:
    """Returns the initials of a name without signs: 路灯不亮 → "ldbl", 12345热线 → "12345rx"."""
    return "".join(lazy_pinyin(name, style=Style.FIRST_LETTER, errors=_as_typed)).lower()


def _as_typed(foreign: str) -> str:
    return "".join(char for char in foreign if char.isalnum())

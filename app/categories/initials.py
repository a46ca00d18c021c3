"""首字母: the first letters of a name's pinyin, for entry by keyboard. Pure."""

from functools import lru_cache

from pypinyin import Style, lazy_pinyin


@lru_cache(maxsize=4096)
def initials_of(name: str) -> str:
    """路灯不亮 → "ldbl", 12345热线 → "12345rx"; signs are left out."""
    return "".join(lazy_pinyin(name, style=Style.FIRST_LETTER, errors=_as_typed)).lower()


def _as_typed(foreign: str) -> str:
    return "".join(char for char in foreign if char.isalnum())

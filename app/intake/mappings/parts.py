"""Reads the parts of a mapping's TOML; each refusal names the place and what to write."""

from collections.abc import Iterator, Sequence
from typing import Any

from app.intake.mappings.templates import Template, TemplateError, read_template
from app.kernel.errors import Invalid


def wrong(where: str, message: str) -> Invalid:
    """The error for a wrong mapping: Invalid `import.mapping`; the caller raises it."""
    return Invalid("import.mapping", f"映射文件有误：{where and f'[{where}] '}{message}")


class Part:
    """One table of the TOML file; each read takes a key out of it, so that `end` finds unknown keys.

    All methods raise Invalid `import.mapping` for a value of the wrong type.
    """

    def __init__(self, raw: dict[str, Any], where: str = "") -> None:
        self.where = where
        self._raw = dict(raw)

    def names(self) -> list[str]:
        """The names of the keys that have not been read yet."""
        return list(self._raw)

    def end(self) -> None:
        """Raises Invalid `import.mapping` if a key has not been read, because it is unknown."""
        for name in self._raw:
            raise wrong(self.where, f"不认识“{name}”，请检查有没有写错。")

    def text(self, name: str) -> str:
        """The text of this name; Invalid `import.mapping` if it is missing or empty."""
        found = self.maybe(name)
        if not found:
            raise wrong(self.where, f"缺少 {name}。")
        return found

    def maybe(self, name: str) -> str | None:
        """The text of this name; None if it is missing."""
        found = self._raw.pop(name, None)
        if found is not None and not isinstance(found, str):
            raise wrong(self.where, f"{name} 要写文字。")
        return found

    def one_of(self, name: str, words: Sequence[str], default: str) -> str:
        """The text of this name, or `default`; Invalid `import.mapping` if it is none of `words`."""
        found = self.maybe(name) or default
        if found not in words:
            raise wrong(self.where, f"{name} 只能是：{'、'.join(words)}。")
        return found

    def yes(self, name: str) -> bool:
        """The truth value of this name; True if it is missing."""
        found = self._raw.pop(name, True)
        if not isinstance(found, bool):
            raise wrong(self.where, f"{name} 要写 true 或 false。")
        return found

    def texts(self, name: str) -> tuple[str, ...]:
        """The list of texts of this name; a single text counts as a list, a missing one is empty."""
        found = self._raw.pop(name, [])
        listed = [found] if isinstance(found, str) else found
        if not isinstance(listed, list) or not all(isinstance(word, str) for word in listed):
            raise wrong(self.where, f"{name} 要写一个列表，放在 [ ] 里，每个词加引号。")
        return tuple(listed)

    def words(self, name: str) -> dict[str, str]:
        """The table of translations of this name, word by word; empty if it is missing."""
        found = self._raw.pop(name, {})
        if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
            raise wrong(self._inside(name), "每一行要写成 “这边的词” = “那边的词”。")
        return dict(found)

    def template(self, name: str) -> Template:
        """The template of this name; Invalid `import.mapping` if it is missing or wrong."""
        return self._template(name, self.text(name))

    def maybe_template(self, name: str) -> Template | None:
        """The template of this name; None if it is missing."""
        found = self.maybe(name)
        return None if found is None else self._template(name, found)

    def part(self, name: str) -> "Part":
        """The table of this name; Invalid `import.mapping` if it is missing."""
        if name not in self._raw:
            raise wrong(self._inside(name), "缺少这一段。")
        return self.maybe_part(name)

    def maybe_part(self, name: str) -> "Part":
        """The table of this name; an empty table if it is missing."""
        found = self._raw.pop(name, {})
        if not isinstance(found, dict):
            raise wrong(self._inside(name), f"要写成一段，以 [{self._inside(name)}] 开头。")
        return Part(found, self._inside(name))

    def steps(self, name: str) -> Iterator["Part"]:
        """The tables of the list of this name; Invalid `import.mapping` if the list is empty."""
        found, where = self._raw.pop(name), self._inside(name)
        if not isinstance(found, list) or not all(isinstance(step, dict) for step in found):
            raise wrong(where, "要写成一个列表，每一步放在 { } 里，有 action 和 at。")
        if not found:
            raise wrong(where, "一步也没有写。")
        for number, step in enumerate(found, start=1):
            yield Part(step, f"{where} 第{number}步")

    def _template(self, name: str, text: str) -> Template:
        try:
            return read_template(text)
        except TemplateError as broken:
            raise wrong(self.where, f"{name}：{broken}") from broken

    def _inside(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name

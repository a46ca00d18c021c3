"""The formats in which another system writes its times, and the columns of the times."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from app.intake.mappings.parts import Part, wrong
from app.kernel.schema import FIRST_YEAR, LAST_YEAR

_USUAL_FORMATS = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d")
_SOME_MOMENT = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Times:
    """The zone of times that name none, the formats (as in `strptime`), and the columns by name."""

    zone: ZoneInfo
    formats: tuple[str, ...]
    columns: Mapping[str, str]

    @property
    def example(self) -> str:
        """A sample time in the first format, for messages."""
        return _SOME_MOMENT.strftime(self.formats[0])

    def read(self, text: str) -> datetime | None:
        """The moment in UTC; None if the text is no time or its year is out of range.

        If the hour comes twice on that day (end of summer time), the first one is taken.
        """
        found = self._written(text) or _from_excel(text)
        if found is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
            return None
        local = found if found.tzinfo else found.replace(tzinfo=self.zone)
        return local.astimezone(UTC)

    def _written(self, text: str) -> datetime | None:
        for written in self.formats:
            try:
                return datetime.strptime(text, written)  # noqa: DTZ007  # the mapping says the zone
            except ValueError:
                continue
        return None


def _from_excel(text: str) -> datetime | None:
    """The time of an Excel cell, rounded to a second: such a cell is exact only to a fraction of it."""
    try:
        return (datetime.fromisoformat(text) + timedelta(seconds=0.5)).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None


def read_times(part: Part) -> Times:
    """The times of a mapping; raises Invalid `import.mapping`, also if `submitted` has no column."""
    named = part.text("zone")
    try:
        zone = ZoneInfo(named)
    except (KeyError, ValueError, OSError) as unknown:
        raise wrong(part.where, f"没有“{named}”这个时区，例如 Asia/Shanghai。") from unknown
    found = Times(zone, part.texts("formats") or _USUAL_FORMATS, part.words("columns"))
    part.end()
    if "submitted" not in found.columns:
        raise wrong(f"{part.where}.columns", "缺少 submitted（受理时间在哪一列）。")
    return found

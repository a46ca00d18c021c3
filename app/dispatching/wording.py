"""The reasons for and against a handler, in Chinese words as a dispatcher says them."""

from collections.abc import Iterator
from datetime import datetime

from app.dispatching.facts import Caps, Errand, Handler
from app.dispatching.fitting import Fit
from app.dispatching.hours import Times, next_free
from app.kernel.clock import local_date, to_local

_DAYS = "一二三四五六日"


def reasons(errand: Errand, handler: Handler, fit: Fit, caps: Caps, at: datetime) -> list[str]:
    """The reasons for and against a handler in Chinese: skill, distance, load, time, past results.

    `at` is the present moment; it decides what is called "today".
    """
    return [
        *_skill(errand, fit),
        *_nearness(errand, fit),
        *_load(handler, caps),
        *_time(errand, handler, fit, at),
        *_past(handler),
    ]


def _skill(errand: Errand, fit: Fit) -> Iterator[str]:
    if fit.matched:
        yield f"会{'、'.join(fit.matched)}"
    elif errand.skills:
        yield f"不会{'、'.join(errand.skills)}"


def _nearness(errand: Errand, fit: Fit) -> Iterator[str]:
    if errand.spot is None and not errand.place_path:
        yield "地点不明"
    elif fit.neighbour:
        yield "就住这栋楼"
    elif fit.distance is not None:
        yield nearness(fit.distance)


def nearness(distance: int) -> str:
    """A distance in metres as Chinese words, rounded to 50 metres or to 0.1 kilometre."""
    if distance < 50:
        return "就在附近"
    if distance < 1000:
        return f"离这里约{max(round(distance / 50), 1) * 50}米"
    return f"离这里约{distance / 1000:.1f}公里"


def _load(handler: Handler, caps: Caps) -> Iterator[str]:
    cap = f"（上限{caps.open}件）" if handler.claims else ""
    yield f"手上还有{handler.holding}件{cap}" if handler.holding else "手上没有工单"
    if handler.offered:
        yield f"还有{handler.offered}件等他答复"


def _time(errand: Errand, handler: Handler, fit: Fit, at: datetime) -> Iterator[str]:
    if errand.times:
        times = [errand.times[place] for place in fit.times]
        yield f"{spoken_span(times[0])}有空" if times else "居民方便的时间他没有空"
        return
    free = next_free(handler.hours_at(errand.path), at)
    if free is not None:
        yield f"{_spoken_part(free[0], at)}有空"


def _past(handler: Handler) -> Iterator[str]:
    if handler.completed or handler.returned:
        returned = f"，退回{handler.returned}件" if handler.returned else ""
        yield f"近90天办结{handler.completed}件{returned}"


def spoken_span(times: Times) -> str:
    """A span in local time, in Chinese: 周三（11月29日）18:00至21:00."""
    since, until = map(to_local, times)
    day = f"周{_DAYS[since.weekday()]}（{since.month}月{since.day}日）"
    last = "" if local_date(since) == local_date(until) else f"{until.month}月{until.day}日"
    return f"{day}{since:%H:%M}至{last}{until:%H:%M}"


def _spoken_part(moment: datetime, at: datetime) -> str:
    """A part of a day in Chinese: 今天晚上, 周三上午."""
    local = to_local(moment)
    part = "上午" if local.hour < 12 else "下午" if local.hour < 18 else "晚上"
    is_today = local_date(moment) == local_date(at)
    return f"今天{part}" if is_today else f"周{_DAYS[local.weekday()]}{part}"

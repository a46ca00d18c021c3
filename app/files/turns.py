"""One upload of a person at a time in this process, so that one person cannot hold all its threads."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.kernel.errors import TooMany

_lock = threading.Lock()
_busy: set[int] = set()


@contextmanager
def turn_of(person_id: int) -> Iterator[None]:
    """Runs the block as the only upload of the person; raises TooMany `file.one_at_a_time`."""
    with _lock:
        if person_id in _busy:
            raise TooMany(
                "file.one_at_a_time", "上一个文件还在上传，请等它传完再传下一个。", retry_after=1
            )
        _busy.add(person_id)
    try:
        yield
    finally:
        with _lock:
            _busy.discard(person_id)

"""What a web process counts of the requests that it has answered; `/metrics` shows it."""

from functools import cache

from prometheus_client import Counter, Histogram

_ANSWERS = Counter(
    "http_requests_total",
    "Answers by method, endpoint and status",
    ["method", "endpoint", "status"],
)
_SECONDS = Histogram(
    "http_request_seconds", "Time to answer by method and endpoint", ["method", "endpoint"]
)


def count_answer(method: str, endpoint: str | None, status: int, seconds: float) -> None:
    """Counts one answer; `endpoint` is None where no endpoint of the program was meant.

    All of the latter count as one: paths and methods that callers invent are not kept.
    """
    answers, times = _series(method if endpoint else "none", endpoint or "none", status)
    answers.inc()
    times.observe(seconds)


# To look both up anew costs more than to count.
@cache
def _series(method: str, endpoint: str, status: int) -> tuple[Counter, Histogram]:
    return _ANSWERS.labels(method, endpoint, status), _SECONDS.labels(method, endpoint)

"""The load: open connections, each of which sends a new request as soon as it has its answer.

`python -m bench.load` runs in a process of its own, so that it does not share an interpreter with the
program that is measured. It reads one job as JSON from standard input and writes one result as JSON to
standard output.
"""

import asyncio
import json
import re
import sys
import time
from dataclasses import asdict, dataclass, field

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_HEAD_END = b"\r\n\r\n"
# Seconds; an answer that takes longer counts as missing.
PATIENCE = 30


@dataclass(frozen=True, slots=True)
class Job:
    """The requests of a load: request number n takes the n-th path and the n-th token.

    After the last path or token it begins with the first again. With `key` the requests carry
    `Idempotency-Key: KEY-n`. At most `most` requests are made. With `rate` so many requests a second
    are due, whether the server keeps up or not; the time that a request waits for a free connection
    counts as waiting for the answer.
    """

    port: int
    connections: int
    seconds: float
    method: str
    paths: list[str]
    tokens: list[str]
    body: str = ""
    key: str = ""
    most: int = sys.maxsize
    rate: float = 0


@dataclass(slots=True)
class Result:
    """The result of a load.

    - `made`: number of requests; `received`: bytes of all bodies.
    - `seconds`: time until the last answer; `latencies`: seconds of each answer, sorted.
    - `cpu`: seconds of processor time of the load itself.
    - `exhausted`: `most` requests were made before the time was over.
    - `bad`: number of failures by status or kind; `first_bad`: the body of the first one.
    """

    made: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    received: int = 0
    cpu: float = 0.0
    exhausted: bool = False
    bad: dict[str, int] = field(default_factory=dict)
    first_bad: str = ""


class _Load:
    """Hands out requests until the time is over, and collects the answers."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.result = Result()
        self.began = time.perf_counter()
        self.until = self.began + job.seconds
        self.body = job.body.encode()

    def next_request(self) -> tuple[float, bytes] | None:
        """The moment at which the next request is due, and its bytes; None at the end of the load."""
        job, number = self.job, self.result.made
        at = self.began + number / job.rate if job.rate else time.perf_counter()
        if max(at, time.perf_counter()) >= self.until:
            return None
        if number >= job.most:
            self.result.exhausted = True
            return None
        self.result.made += 1
        lines = [
            f"{job.method} {job.paths[number % len(job.paths)]} HTTP/1.1",
            f"Host: 127.0.0.1:{job.port}",
            f"Authorization: Bearer {job.tokens[number % len(job.tokens)]}",
        ]
        if self.body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        if job.key:
            lines.append(f"Idempotency-Key: {job.key}-{number}")
        return at, "\r\n".join([*lines, "", ""]).encode() + self.body

    def answered(self, status: bytes, body: bytes, seconds: float) -> None:
        self.result.latencies.append(seconds)
        self.result.received += len(body)
        if not status.startswith(b"2"):
            self.failed(status.decode(), body.decode(errors="replace"))

    def failed(self, name: str, text: str) -> None:
        self.result.bad[name] = self.result.bad.get(name, 0) + 1
        self.result.first_bad = self.result.first_bad or text


class _Connection(asyncio.Protocol):
    """A connection that sends one request after the other."""

    def __init__(self, load: _Load) -> None:
        self._load = load
        self._buffer = bytearray()
        self._asked = 0.0
        self._transport: asyncio.Transport | None = None
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a stream's transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(_HEAD_END)
        if end < 0:
            return
        length = _LENGTH.search(self._buffer, 0, end)
        if length is None:
            self._end("no content-length")
            return
        whole = end + len(_HEAD_END) + int(length[1])
        if len(self._buffer) < whole:
            return
        status, body = bytes(self._buffer[9:12]), bytes(self._buffer[end + len(_HEAD_END) : whole])
        del self._buffer[:whole]
        self._load.answered(status, body, time.perf_counter() - self._asked)
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end("connection lost")

    def _ask(self) -> None:
        request = self._load.next_request()
        if request is None or self._transport is None:
            self._end("")
            return
        self._asked, content = request
        early = self._asked - time.perf_counter()
        if early > 0:
            asyncio.get_running_loop().call_later(early, self._transport.write, content)
        else:
            self._transport.write(content)

    def _end(self, trouble: str) -> None:
        if self.done.done():
            return
        if trouble:
            self._load.failed(trouble, "")
        self.done.set_result(None)
        if self._transport is not None:
            self._transport.close()


async def _run(job: Job) -> Result:
    load = _Load(job)
    loop = asyncio.get_running_loop()
    started, cpu = time.perf_counter(), time.process_time()
    connections = [
        (await loop.create_connection(lambda: _Connection(load), "127.0.0.1", job.port))[1]
        for _ in range(job.connections)
    ]
    waiting = [connection.done for connection in connections]
    _, silent = await asyncio.wait(waiting, timeout=job.seconds + PATIENCE)
    load.result.seconds = time.perf_counter() - started
    load.result.cpu = time.process_time() - cpu
    if silent:
        load.failed("no answer", f"{len(silent)} connections waited in vain")
    load.result.latencies.sort()
    return load.result


def main() -> None:
    """Reads a job from standard input, runs it and writes the result to standard output."""
    result = asyncio.run(_run(Job(**json.load(sys.stdin))))
    json.dump(asdict(result), sys.stdout)


if __name__ == "__main__":
    main()

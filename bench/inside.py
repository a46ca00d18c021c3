"""Asks the program of the folder in which it runs, without a server in between, and measures itself.

`python -P bench/inside.py` is started with another checkout as its working folder, so it knows only what
every version has: `wsgi`. Each line of the standard input is a list of requests as JSON (method, path,
token, body, key, address). Each line of the standard output is the list of its results: the processor
time in seconds, the status and the text of each answer.
"""

import gc
import io
import json
import sys
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


def main() -> None:
    """Answers one line for each line, until the input ends."""
    program: Application = import_module("wsgi").app
    for line in sys.stdin:
        environs = [_environ(*request) for request in json.loads(line)]
        # The rubbish of the last list must not be paid for by this one.
        gc.collect()
        answers = [_ask(program, environ) for environ in environs]
        sys.stdout.write(json.dumps(answers) + "\n")
        sys.stdout.flush()


def _environ(method: str, path: str, token: str, body: str, key: str, address: str) -> Environ:
    """The request as a server hands it to the program."""
    path, _, query = path.partition("?")
    content = body.encode()
    environ: Environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": address,
        "HTTP_HOST": "127.0.0.1",
        "CONTENT_LENGTH": str(len(content)),
        "CONTENT_TYPE": "application/json" if content else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(content),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if token:
        environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    if key:
        # A PUT names the version that it has read, a POST the attempt.
        environ["HTTP_IF_MATCH" if method == "PUT" else "HTTP_IDEMPOTENCY_KEY"] = key
    return environ


def _ask(program: Application, environ: Environ) -> tuple[float, int, str]:
    status: list[int] = []

    def start(line: str, *_: Any) -> None:
        status.append(int(line[:3]))

    began = time.process_time()
    parts = program(environ, start)
    try:
        body = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    return time.process_time() - began, status[0], body.decode()


if __name__ == "__main__":
    main()

"""nginx in front of a server, with the configuration of README.md, and phones that send slowly."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.serving import ROOT, free_port

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
_FRAME = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {site}
}}
"""


def _user() -> str:
    """Started by root, nginx would work as a user who may not write large bodies into the folder."""
    return "user root;" if os.geteuid() == 0 else ""


def site(server: int, port: int) -> str:
    """README's configuration, without TLS, in front of a server; ports of 127.0.0.1.

    Raises RuntimeError where README no longer has what is replaced here.
    """
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"```nginx\n(.*?)```", readme, re.DOTALL)
    if found is None:
        raise RuntimeError("README.md has no configuration of nginx")
    text = found[1]
    for old, new in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        ("http://127.0.0.1:8000", f"http://127.0.0.1:{server}"),
    ):
        if old not in text:
            raise RuntimeError(f"README.md no longer has {old}")
        text = text.replace(old, new)
    return re.sub(r"^ *ssl_certificate.*\n", "", text, flags=re.MULTILINE)


@contextmanager
def in_front_of(server: int, folder: Path) -> Iterator[int]:
    """Starts nginx in front of the server at that port; gives its own port."""
    if NGINX is None:
        raise RuntimeError("nginx is not installed")
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "nginx.conf"
    config.write_text(
        _FRAME.format(folder=folder, site=site(server, port), user=_user()), encoding="utf-8"
    )
    process = subprocess.Popen(
        [NGINX, "-p", str(folder), "-e", f"{folder}/error.log", "-c", str(config)]
    )
    try:
        _await(port, process, folder)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _await(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    for _ in range(100):
        if process.poll() is not None:
            raise RuntimeError((folder / "error.log").read_text(encoding="utf-8")[-2000:])
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("nginx does not answer")


@contextmanager
def slow_bodies(port: int, token: str, count: int) -> Iterator[list[socket.socket]]:
    """Begins so many requests whose bodies never end; gives their connections."""
    head = (
        "POST /api/v1/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nIdempotency-Key: slow\r\nContent-Length: 5000\r\n\r\n{{"
    )
    with ExitStack() as stack:
        found = []
        for _ in range(count):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            slow.sendall(head.encode())
            found.append(slow)
        yield found

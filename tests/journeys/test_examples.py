"""The examples do what they say, against a served demo with its jobs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import ColumnElement, func, select

from app.kernel.database import session, transaction
from app.orders.ticket.models import Order
from tests.demo_server import DemoServer
from tests.serving import ROOT

pytestmark = pytest.mark.slow

ROWS = 200
SHARED = Path(os.environ.get("SHARED_DATA") or ROOT.parent / "shared" / "data")
REQUESTS = SHARED / "la311" / "requests.csv"


def run(demo: DemoServer, *command: str) -> str:
    """What a command says that must succeed."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=demo.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=540,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def count_of(said: str, stage: str) -> int:
    """A figure of the summary."""
    found = re.search(rf"^  {stage} +(\d+)$", said, re.MULTILINE)
    assert found, said
    return int(found[1])


def orders_of(demo: DemoServer, *conditions: ColumnElement[bool]) -> int:
    """How many orders there are."""
    with demo.app.app_context(), transaction(writing=False):
        return session.scalar(select(func.count()).select_from(Order).where(*conditions)) or 0


@pytest.mark.skipif(not shutil.which("curl"), reason="NOT RUN: journey.sh needs curl")
def test_one_order_goes_its_whole_way(demo: DemoServer) -> None:
    """With curl, from the placing to the message in the resident's inbox."""
    said = run(demo, "bash", "examples/journey.sh", demo.address)
    assert "全程走通" in said
    assert said.count("✓") >= 13


@pytest.mark.skipif(
    not REQUESTS.is_file(), reason=f"NOT RUN: no {ROWS} city requests in {REQUESTS} (SHARED_DATA)"
)
def test_a_citys_requests_all_come_to_their_close(demo: DemoServer) -> None:
    """200 rows of Los Angeles, though each ninth answer is lost; nothing happens twice."""
    before = orders_of(demo)
    script = ("examples/city_requests.py", str(REQUESTS), "--rows", str(ROWS))
    said = run(demo, sys.executable, *script, "--base", demo.address, "--lose", "9")
    for stage in ("placed", "dispatched", "completed", "closed"):
        assert count_of(said, stage) == ROWS
    by_residents = count_of(said, "placed by residents")
    by_desk = count_of(said, "entered by the desk")
    assert by_residents >= ROWS // 5
    assert count_of(said, "rated") == by_residents
    assert count_of(said, "followed up") == by_desk == ROWS - by_residents
    assert count_of(said, "claimed by members") > 0
    assert count_of(said, "with a picture") > ROWS // 2
    assert count_of(said, "refused") == 0
    assert orders_of(demo) == before + ROWS
    assert orders_of(demo, Order.external_number.like("1-15%")) == by_desk
    verified = run(demo, sys.executable, "-m", "flask", "orders", "verify-history")
    assert "，0 张有问题" in verified

"""Pages in a real browser: nothing is blocked, nothing is asked of another host."""

import importlib
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.kernel.clock import now
from app.kernel.database import session, transaction
from app.reports.models import Bulletin
from app.reports.queries.bulletins import bulletin_slots
from app.reports.service.bulletins import make_bulletins
from app.reports.states import BulletinKind
from config import DEMO_PASSWORD
from tests.demo_server import DemoServer
from tests.world import SYSTEM

CHROMIUM = Path(os.environ.get("CHROMIUM") or "/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--no-proxy-server",
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"NOT RUN: no browser at {CHROMIUM}"),
    pytest.mark.skipif(
        importlib.util.find_spec("playwright") is None,
        reason="NOT RUN: pip install -r requirements-browser.txt",
    ),
]


@pytest.fixture
def page() -> Iterator[Any]:
    """A new page in a browser of its own."""
    playwright = importlib.import_module("playwright.sync_api")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser.new_page(viewport={"width": 1366, "height": 768})
        browser.close()


def test_the_page_shows_the_orders_and_can_try_them(demo: DemoServer, page: Any) -> None:
    """All operations of orders; a call without a token is answered in place; no complaint."""
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{demo.address}/api/docs#/orders")
    page.wait_for_selector("#operations-tag-orders[data-is-open=true]", timeout=60_000)
    assert page.title() == "三单社区服务 · 接口文档"
    section = page.locator(".opblock-tag-section", has=page.locator("#operations-tag-orders"))
    assert section.locator(".opblock").count() > 40
    assert complaints == []

    listing = section.locator(".opblock-get").first
    listing.locator(".opblock-summary-control").click()
    listing.locator(".try-out__btn").click()
    listing.locator(".execute").click()
    status = listing.locator(".live-responses-table .response .response-col_status")
    status.wait_for(timeout=60_000)
    assert status.inner_text().startswith("401")
    assert [url for url in asked if not url.startswith(f"{demo.address}/")] == []


def _latest_of_the_month(demo: DemoServer) -> int:
    """The id of the community's last monthly bulletin, made as the timetable does."""
    with demo.app.app_context():
        with transaction(writing=False):
            slots = bulletin_slots(now())
        for slot in slots:
            make_bulletins(SYSTEM, slot)
        with transaction(writing=False):
            monthly = select(Bulletin).where(Bulletin.kind == BulletinKind.MONTHLY)
            fullest = session.scalars(monthly.order_by(Bulletin.since.desc(), Bulletin.unit_id))
            return fullest.first().id  # type: ignore[union-attr]  # there is one


def test_a_bulletin_is_read_as_it_was_sent(demo: DemoServer, page: Any) -> None:
    """Its heading, its sentence and its tables stand on one sheet, within the width of the window."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    found = _latest_of_the_month(demo)
    answer = page.request.post(
        f"{demo.address}/api/v1/sessions/password",
        data={"username": "district-1", "password": DEMO_PASSWORD},
    )
    page.set_extra_http_headers({"Authorization": f"Bearer {answer.json()['access_token']}"})
    page.goto(f"{demo.address}/api/v1/reports/bulletins/{found}/page")
    picture = os.environ.get("PICTURE")
    if picture:
        page.screenshot(path=picture, full_page=True)
    assert "月通报" in page.title()
    assert page.locator("h1").count() == 1
    assert page.locator("table").count() >= 1
    widths = "[document.documentElement.scrollWidth, window.innerWidth]"
    needed, given = page.evaluate(widths)
    assert needed <= given
    assert complaints == []

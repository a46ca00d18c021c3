"""Schemathesis against a real server: no crash, nothing undocumented, whoever asks."""

import json
import os
import re
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.identity.service import attach_wechat
from app.kernel.database import transaction
from app.wechat.sandbox import openid_for
from tests import postgres
from tests.conftest import new_sqlite, settings_for
from tests.orders.stages import STAGES
from tests.serving import ROOT, Server, serving
from tests.world import SYSTEM

pytestmark = [pytest.mark.slow, pytest.mark.figures]
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
# In ./test the same requests each time; what the figures find anew is named by its seed.
SEED = 20_260_101


@pytest.fixture(scope="module")
def server(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The small district with two orders in each state, and no caps."""
    folder = tmp_path_factory.mktemp("fuzzing")
    if database == "sqlite":
        with serving(settings_for(new_sqlite(folder), folder), folder, workers=1) as found:
            yield _peopled(found)
        return
    with (
        postgres.new_database(f"sandan_fuzz_{uuid.uuid4().hex[:12]}") as url,
        serving(settings_for(url, folder), folder, workers=1) as found,
    ):
        yield _peopled(found)


def _peopled(server: Server) -> Server:
    with server.app.app_context():
        server.world.lift_caps()
        server.world.client = server.app.test_client()
        for _ in range(2):
            for bring in STAGES.values():
                bring(server.world)
        with transaction():
            for who in ("resident", "dispatcher"):
                attach_wechat(SYSTEM, server.world.ids[who], openid_for(code_of(who)))
    return server


def code_of(who: str) -> str:
    """By which that one logs in."""
    return f"demo-{who}-1"


@pytest.mark.parametrize("who", ["resident", "dispatcher"])
def test_every_operation_keeps_to_the_document(
    server: Server, who: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """All checks; at least 300 requests, with --figures 3,000 and all edges of the document."""
    in_full = bool(pytestconfig.getoption("--figures"))
    report = tmp_path / "report.ndjson"
    command = [
        str(Path(sys.executable).with_name("st")),
        "--config-file",
        str(CONFIGURATION),
        "run",
    ]
    command += [f"{server.address}/api/v1/openapi.json", "--checks", "all", "--no-color"]
    command += ["--phases", "examples,coverage,fuzzing" if in_full else "fuzzing"]
    command += ["--max-examples", "10" if in_full else "3"]
    command += [] if in_full else ["--seed", str(SEED)]
    command += ["--report", "ndjson", "--report-ndjson-path", str(report)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ
        | {"PYTHONPATH": str(ROOT), "FUZZ_ADDRESS": server.address, "FUZZ_CODE": code_of(who)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    statuses = _statuses(report)
    seed = re.search(r"Seed: (\d+)", done.stdout)
    print(who, sum(statuses.values()), dict(sorted(statuses.items())), seed and seed[0])  # noqa: T201  # the figures, with -s
    assert sum(statuses.values()) >= (3000 if in_full else 300)
    assert not [status for status in statuses if status >= 500 and status != 503]
    assert statuses[200] >= 25
    # The one who asked is the same to the end.
    entered = server.call("POST", "/sessions/wechat", body={"code": code_of(who)})
    assert entered.body["person"]["id"] == server.world.ids[who]
    assert b"request.failed" not in server.log.read_bytes()


def _statuses(report: Path) -> Counter[int]:
    """How often each status was answered."""
    found: Counter[int] = Counter()
    with report.open(encoding="utf-8") as lines:
        for line in lines:
            scenario = json.loads(line).get("ScenarioFinished", {})
            for asked in scenario.get("recorder", {}).get("interactions", {}).values():
                found[asked["response"]["status_code"]] += 1
    return found

"""`flask deadlines …`: what the operator sees and sets."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from app.deadlines.computing.states import Stage
from app.deadlines.days.queries import year_calendar
from app.deadlines.days.special import announced_years
from app.deadlines.policies.queries import policy_here
from app.kernel.database import session
from app.kernel.http import App
from app.organisation.models import Unit
from tests.world import SYSTEM, World

NEXT = max(announced_years()) + 1
Run = Callable[..., Result]


@pytest.fixture
def run(app: App, world: World) -> Run:
    """A command of the group, in this test's transaction."""

    def invoke(*args: str) -> Result:
        session.commit()
        return app.test_cli_runner().invoke(args=["deadlines", *args])

    return invoke


def days_to_solve(world: World, unit: Unit) -> int | None:
    here = policy_here(SYSTEM, "sanitation", unit.id)
    solve = next(stage for stage in here.stages if stage.stage is Stage.SOLVE)
    return solve.times[0].days


def written(folder: Path, days: int, *more: str) -> str:
    """A file with one policy."""
    lines = ["[[policy]]", 'code = "sanitation"', "[[policy.stage]]", 'stage = "solve"']
    file = folder / "policies.toml"
    file.write_text("\n".join([*lines, f"days = {days}", *more]), encoding="utf-8")
    return str(file)


def test_the_policies_are_listed(run: Run, world: World) -> None:
    """Of the district, or of a unit named by its number or code."""
    session.get_one(Unit, world.community.id).code = "DF"
    for args in ((), ("--unit", str(world.grid.id)), ("--unit", "DF")):
        done = run("policies", *args)
        assert done.exit_code == 0, done.output
        assert "危险情况" in done.output
        assert "  签收：一般5分钟；22:00至06:00开始的，10分钟" in done.output
        assert "  清零：不限时" in done.output
    missing = run("policies", "--unit", "nowhere")
    assert missing.exit_code == 1
    assert "没有编号是“nowhere”的单位" in missing.output


def test_a_file_is_published(run: Run, world: World, tmp_path: Path) -> None:
    """For all, again, and for a unit, which may not loosen."""
    for days in (5, 4):
        done = run("publish", written(tmp_path, days))
        assert done.exit_code == 0, done.output
        assert "已发布1条" in done.output
        assert days_to_solve(world, world.grid) == days
    unit = ("--unit", str(world.community.id))
    for days in (3, 2):
        done = run("publish", written(tmp_path, days), *unit)
        assert done.exit_code == 0, done.output
    assert (days_to_solve(world, world.grid), days_to_solve(world, world.street)) == (2, 4)
    looser = run("publish", written(tmp_path, 5), *unit)
    assert looser.exit_code == 1
    assert "不能比上级规定的宽" in looser.output
    assert days_to_solve(world, world.grid) == 2


def test_of_a_bad_file_nothing_is_published(run: Run, world: World, tmp_path: Path) -> None:
    """Also where only the second policy is bad."""
    second = ("[[policy]]", 'code = "unheard"', "[[policy.stage]]", 'stage = "zero"')
    nameless = run("publish", written(tmp_path, 5, *second))
    assert nameless.exit_code == 1
    assert "要有名称" in nameless.output
    assert days_to_solve(world, world.grid) == 3
    endless = run("publish", written(tmp_path, 1000))
    assert endless.exit_code == 1
    assert "最长一年" in endless.output
    other = tmp_path / "other.toml"
    for content, said in (
        (b"policy = 5", "文件的写法不对"),
        (b"\xff\xfe", "请存成 UTF-8"),
    ):
        other.write_bytes(content)
        refused = run("publish", str(other))
        assert refused.exit_code == 1
        assert said in refused.output


def test_a_preview_is_printed(run: Run, world: World) -> None:
    """Local times may be written without a zone."""
    args = ("preview", "ordinary_13710", "--unit", str(world.community.id))
    done = run(*args, "--start", "2026-02-13T16:50", "--pause", "2026-02-14T09:00/2026-02-16T09:00")
    assert done.exit_code == 0, done.output
    assert "解决：2026-02-22 16:50+08:00" in done.output
    assert "  2026-02-22 16:50+08:00 到期没有办完，通知经办人和值班人员" in done.output
    assert "清零：没有期限" in done.output
    stopped = run(*args, "--start", "2026-02-13T16:50", "--pause", "2026-02-14T09:00")
    assert "解决：没有期限" in stopped.output
    # A pause that begins after it is due changes nothing.
    beyond = run(*args, "--start", "2026-02-13T16:50", "--pause", "2999-01-01T09:00")
    assert "解决：2026-02-20 16:50+08:00" in beyond.output
    assert run("preview", "ordinary_13710").exit_code == 0
    for wrong in (("--start", "明天"), ("--pause", "a/b")):
        refused = run(*args, *wrong)
        assert refused.exit_code == 1
        assert "例如 2026-02-13T16:50" in refused.output


def test_a_year_is_printed(run: Run) -> None:
    done = run("calendar", "2026")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("2026年：已公布\n2026-01-01 放假（元旦）\n")
    assert run("calendar", str(NEXT)).output.startswith(f"{NEXT}年：还没有公布，暂定\n")
    assert "年份要在" in run("calendar", "1").output


def test_a_year_is_imported(run: Run, tmp_path: Path) -> None:
    """From a file, tried first; without one, as announced."""
    file = tmp_path / "days.csv"
    file.write_text(f"日期,类别,名称\n{NEXT}-01-02,放假,元旦\n", encoding="utf-8-sig")
    tried = run("calendar-import", str(NEXT), str(file), "--dry-run")
    assert tried.exit_code == 0, tried.output
    assert "改为放假（元旦）" in tried.output
    assert "将重新计算" in tried.output
    assert not year_calendar(SYSTEM, NEXT).confirmed
    assert run("calendar-import", str(NEXT), str(file)).exit_code == 0
    assert len(year_calendar(SYSTEM, NEXT).days) == 1
    assert run("calendar-import", "2026").output == "2026年没有变化。\n"
    unknown = run("calendar-import", str(NEXT))
    assert unknown.exit_code == 1
    assert "还没有收录" in unknown.output

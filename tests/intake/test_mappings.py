"""Mappings: what is wrong in one is said with its place and what would be right."""

import pytest

from app.intake.mappings import ImportMapping, read_mapping, shipped_mapping, shipped_names
from app.intake.mappings.templates import TemplateError, read_template
from app.kernel.errors import Invalid

GOOD = """
system = "old"
number = "no"
description = "{what}"
optional = ["phone"]

[category]
column = "kind"
[category.values]
"bin" = "garbage"

[source]
default = "phone"

[anonymous]
column = "secret"
yes = ["Y"]
no = ["N", ""]

[contact]
phone = "phone"

[position]
latitude = "lat"
longitude = "lon"
coordinate_system = "wgs84"

[times]
zone = "Asia/Shanghai"
formats = ["%Y-%m-%d"]
[times.columns]
submitted = "at"
ended = "end"

[status]
column = "state"
[status.values]
"done" = "closed"

[chains]
closed = [
  { action = "submit", at = "submitted" },
  { action = "dispatch", at = "submitted", mode = "assigned", kind = "provider" },
  { action = "complete", at = ["ended", "submitted"], note = "{what}" },
]
"""


def read(old: str = "", new: str = "") -> ImportMapping:
    """The good mapping with one thing in it changed."""
    assert old in GOOD
    return read_mapping("old", GOOD.replace(old, new, 1))


def test_a_good_one_is_read() -> None:
    found = read()
    assert found.columns == (
        *("no", "at", "what", "kind", "state", "phone", "secret", "lat", "lon", "end"),
    )
    assert set(found.columns) - set(found.needed) == {"phone"}
    assert found.system_at(7) == "old"
    assert read('number = "no"', 'number = "no"\nnumbers = "unit"').system_at(7) == "old@7"


@pytest.mark.parametrize("name", shipped_names())
def test_what_ships_is_good(name: str) -> None:
    found = shipped_mapping(name)
    assert found.needed
    assert set(found.status.targets()) == set(found.chains)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('system = "old"', "", "缺少 system"),
        ('system = "old"', "system = 1", "system 要写文字"),
        ('system = "old"', 'system = "old', "不是正确的 TOML"),
        ('number = "no"', 'numbr = "no"\nnumber = "no"', "不认识“numbr”"),
        ('number = "no"', 'number = "no"\nnumbers = "all"', "numbers 只能是：system、unit"),
        ('"{what}"', '"{what"', "description：“{”没有成对"),
        ('["phone"]', '["at"]', "“at”这一列不能没有"),
        ('["phone"]', '["no"]', "“no”这一列不能没有"),
        ('["phone"]', '["state"]', "“state”这一列不能没有"),
        ('["phone"]', '["fax"]', "没有地方用到“fax”"),
        ('["phone"]', "[1]", "optional 要写一个列表"),
        ('"bin" = "garbage"', '"bin" = 3', "[category.values] 每一行要写成"),
        ('default = "phone"', 'default = "pigeon"', "没有“pigeon”这个来源，可以用：mini_program"),
        ('default = "phone"', 'values = { a = "phone" }', ""),
        ('yes = ["Y"]', "", "[anonymous] 要写 yes"),
        ('no = ["N", ""]', 'no = ["Y"]', "“Y”不能又是 yes 又是 no"),
        ('longitude = "lon"', "", "latitude 和 longitude 要一起写"),
        ('coordinate_system = "wgs84"', "", "coordinate_system 只能是：gcj02、wgs84"),
        ('"Asia/Shanghai"', '"Asia/Atlantis"', "没有“Asia/Atlantis”这个时区"),
        ('"Asia/Shanghai"', '"../../etc/passwd"', "这个时区"),
        ('submitted = "at"', "", "[times.columns] 缺少 submitted"),
        ("[chains]\n", "[chain]\n", "[chains] 缺少这一段"),
        ('"done" = "closed"', '"done" = "finished"', "[chains] 里没有“finished”"),
        ('column = "state"', "", "[status] 要写 column"),
        ('"submit", at', '"complete", at', "[chains.closed 第1步] 第一步要是 submit"),
        ('"complete"', '"cmplete"', "没有“cmplete”这一步，可以用：dispatch、acknowledge"),
        ('"complete"', '"claim"', "没有“claim”这一步"),
        ('"complete"', '"close_unanswered"', "工单这时是“已接单”，不能逾期未评"),
        ('"complete"', '"reject"', "工单这时是“已接单”，不能不予受理"),
        ('["ended", "submitted"]', '"finished"', "[times.columns] 里没有“finished”这个时间"),
        ('at = ["ended", "submitted"], ', "", "缺少 at"),
        ('"assigned", kind = "provider"', '"direct"', "mode 只能是：pool、assigned"),
        (', kind = "provider"', "", "kind 只能是：provider、staff、grid"),
        ('note = "{what}"', 'notes = "{what}"', "[chains.closed 第3步] 不认识“notes”"),
        ('note = "{what}"', 'visible = "no"', "visible 要写 true 或 false"),
        ('"complete", at', '"suspend", at', "缺少 until"),
        ('dispatch", at = "submitted", mode = "assigned", kind = "provider"',
         'reject", at = "submitted"', "不予受理要写 note"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(old: str, new: str, said: str) -> None:
    """With the place in the file, in words of whoever writes it."""
    if not said:
        assert read(old, new).source.default == "import"
        return
    with pytest.raises(Invalid) as refused:
        read(old, new)
    assert refused.value.code == "import.mapping"
    assert refused.value.message.startswith("映射文件有误：")
    assert said in refused.value.message


def test_no_chain_and_no_step() -> None:
    head = GOOD.partition("[chains]")[0]
    for chains, said in (
        ("[chains]\n", "[chains] 一条也没有写"),
        ("[chains]\nclosed = []\n", "[chains.closed] 一步也没有写"),
        ('[chains]\nclosed = "submit"\n', "[chains.closed] 要写成一个列表"),
    ):
        with pytest.raises(Invalid) as refused:
            read_mapping("old", head + chains)
        assert said in refused.value.message


def test_templates() -> None:
    """What stands in [] is left out where one of its columns is empty."""
    template = read_template("{a}[，{b}][（{c}{d}）]")
    assert template.columns == ["a", "b", "c", "d"]
    assert template.fill({"a": "灯", "b": "三楼", "c": "1", "d": "2"}) == "灯，三楼（12）"
    assert template.fill({"a": "灯", "b": "", "c": "1", "d": ""}) == "灯"
    assert template.fill({"b": "{a}", "c": "1"}) == "，{a}"
    for broken in ("{a", "a}", "[{a}", "{a}]", "[[{a}]]", "{}"):
        with pytest.raises(TemplateError):
            read_template(broken)

"""The tree that ships against the document's table, written out once more by hand."""

from typing import Any

import pytest

from app.categories.questions import checked_answers
from app.categories.states import POLICIES, QuestionKind
from app.categories.tree import Entry, shipped_tree
from app.people.roles import ROLES
from app.people.states import SKILLS

# name → letters, skills, policy. N U E urgency, P photo, G green channel, V public place,
# S sensitive, 2 two people.
EXPECTED: dict[str, dict[str, tuple[str, str, str]]] = {
    "安全应急": {
        "燃气泄漏": ("EG", "燃气", "danger"),
        "电梯困人": ("EG", "维保", "danger"),
        "水管爆裂": ("EGP", "水工 物业", "danger"),
        "漏电断线": ("EG", "电工", "danger"),
        "井盖缺失路面塌陷": ("EGPV", "", "danger"),
        "外墙脱落高空坠物": ("UGPV", "", "danger"),
        "内涝倒树": ("UGPV", "", "danger"),
        "老人儿童走失": ("EGS", "", "danger"),
        "独居老人失联或跌倒": ("EGS", "医护", "danger"),
    },
    "水电与设施": {
        "停水停电停气": ("UG", "", "utilities"),
        "暖气不热": ("UG", "", "utilities"),
        "路灯楼道灯": ("NPV", "电工", "ordinary_13710"),
        "门禁单元门": ("NPV", "", "ordinary_13710"),
        "电梯故障": ("UPV", "", "utilities"),
        "下水堵塞污水外溢": ("UPV", "水工", "ordinary_13710"),
        "屋面渗漏": ("NP", "", "ordinary_13710"),
        "道路与坡道破损": ("NPV", "", "ordinary_13710"),
        "健身器材护栏": ("NPV", "", "ordinary_13710"),
    },
    "环境卫生": {
        "垃圾清运": ("NPV", "保洁", "sanitation"),
        "大件装修垃圾": ("NPV", "保洁", "sanitation"),
        "楼道堆物": ("UPV", "保洁", "sanitation"),
        "绿化修剪": ("NPV", "保洁", "sanitation"),
        "四害消杀": ("NV", "保洁", "sanitation"),
        "小广告": ("NPV", "保洁", "sanitation"),
        "油烟异味": ("N", "保洁", "sanitation"),
    },
    "秩序邻里": {
        "占用消防通道": ("UGPV", "调解 法律", "ordinary_13710"),
        "飞线充电、电动车进楼": ("UGPV", "调解 法律", "ordinary_13710"),
        "乱停车": ("NPV", "调解 法律", "ordinary_13710"),
        "噪声扰民": ("NS", "调解 法律", "mediation_15d"),
        "邻里纠纷": ("NS2", "调解 法律", "mediation_15d"),
        "养犬": ("N", "调解 法律", "ordinary_13710"),
        "私搭乱建": ("NP", "调解 法律", "ordinary_13710"),
        "反诈与可疑推销": ("US", "调解 法律", "ordinary_13710"),
    },
    "助老助残助困": {
        "探访独居老人": ("NS2", "", "care"),
        "助餐": ("N", "", "care"),
        "陪诊": ("US", "医护", "care"),
        "代取药": ("UGS", "", "medicine_same_day"),
        "上门理发助浴": ("NS2", "", "care"),
        "辅具轮椅借用": ("N", "", "care"),
        "临时救助": ("UGS", "", "relief_24h"),
        "微心愿": ("N", "", "care"),
        "教用手机": ("N", "", "care"),
    },
    "代办事项": {
        "社保医保": ("NS", "政策", "affairs"),
        "养老资格认证上门": ("NS2", "政策", "affairs"),
        "低保残疾高龄津贴": ("NGS", "政策", "affairs"),
        "证明材料": ("NS", "政策", "affairs"),
        "居住证户籍": ("N", "政策", "affairs"),
        "退役军人事务": ("N", "政策", "affairs"),
        "党员关系与报到": ("NS", "政策", "affairs"),
    },
    "便民与成长": {
        "家电小修": ("N", "家电", "affairs"),
        "家庭小修换灯": ("N", "电工", "affairs"),
        "课后看护": ("NS2", "教育", "affairs"),
        "学业辅导": ("N", "", "affairs"),
        "就业培训": ("N", "劳动", "affairs"),
        "义诊健康": ("N", "医护", "affairs"),
    },
    "咨询建议": {
        "政策咨询": ("N", "", "enquiry"),
        "意见建议": ("N", "", "general_7d"),
        "投诉工作人员": ("NS", "", "complaint_15d"),
        "表扬": ("N", "", "general_7d"),
        "请回电、说不清": ("N", "", "enquiry"),
    },
}
VETTED = {"课后看护"}
STAFF_ONLY = {"临时救助"}
TO_UNIT_ABOVE = {"投诉工作人员"}
HOME_VISITS = {
    "探访独居老人",
    "陪诊",
    "代取药",
    "上门理发助浴",
    "临时救助",
    "养老资格认证上门",
    "家电小修",
    "家庭小修换灯",
}
FIRST_NUMBER = {
    "燃气泄漏": "119",
    "电梯困人": "119",
    "水管爆裂": "12345",
    "漏电断线": "120",
    "井盖缺失路面塌陷": "119",
    "老人儿童走失": "110",
    "独居老人失联或跌倒": "120",
}
LETTERS = {
    "G": "green_channel",
    "V": "public_place",
    "S": "sensitive",
    "2": "two_people",
}
URGENCIES = {"normal": "N", "urgent": "U", "emergency": "E"}
LEAVES = [leaf for group in shipped_tree() for leaf in group.leaves]
NAMES = [leaf["name"] for leaf in LEAVES]


def letters(leaf: dict[str, Any]) -> str:
    """The document's letters of a leaf."""
    photo = "P" if leaf["needs_photo"] == "after" else ""
    flags = {letter for letter, flag in LETTERS.items() if leaf[flag]} | set(photo)
    return URGENCIES[leaf["urgency"]] + "".join(letter for letter in "GPVS2" if letter in flags)


def test_groups_and_leaves_are_those_of_the_document_in_its_order() -> None:
    """8 groups; the document names 60 leaves."""
    found = {
        group.columns["name"]: [leaf["name"] for leaf in group.leaves] for group in shipped_tree()
    }
    assert list(found) == list(EXPECTED)
    assert found == {group: list(leaves) for group, leaves in EXPECTED.items()}
    assert (len(found), len(LEAVES)) == (8, 60)


@pytest.mark.parametrize("leaf", LEAVES, ids=NAMES)
def test_leaf_has_the_flags_skills_and_policy_of_the_document(leaf: dict[str, Any]) -> None:
    """Letter by letter."""
    expected = next(leaves[leaf["name"]] for leaves in EXPECTED.values() if leaf["name"] in leaves)
    assert (letters(leaf), " ".join(leaf["skills"]), leaf["policy"]) == expected


@pytest.mark.parametrize(
    ("flag", "names"),
    [
        ("vetted_only", VETTED),
        ("staff_only", STAFF_ONLY),
        ("to_unit_above", TO_UNIT_ABOVE),
        ("home_visit", HOME_VISITS),
        ("no_cash", HOME_VISITS - STAFF_ONLY),
        ("check_before_answer", set()),
    ],
)
def test_rare_flags_stand_where_they_belong(flag: str, names: set[str]) -> None:
    """And nowhere else."""
    assert {leaf["name"] for leaf in LEAVES if leaf[flag]} == names


@pytest.mark.parametrize("leaf", LEAVES, ids=NAMES)
def test_leaf_is_complete(leaf: dict[str, Any]) -> None:
    """Every leaf tells the resident what happens next and asks one to four questions."""
    assert leaf["resident_text"].endswith(("。", "！"))
    assert leaf["stop_message"] == "" or leaf["stop_message"].endswith("。")
    asked = len(leaf["questions"])
    assert asked == 0 if leaf["code"] == "call_me" else 1 <= asked <= 4
    assert set(leaf["skills"]) <= set(SKILLS)
    assert leaf["policy"] in POLICIES
    assert leaf["backstop_role"] in {role.code for role in ROLES}
    assert (leaf["radius_m"] is not None) == leaf["public_place"]
    for text in (leaf["resident_text"], leaf["stop_message"]):
        assert not set(text) & set(",;:!?()"), "half-width punctuation"


def test_emergencies_say_which_number_comes_first() -> None:
    """The page shows it before the form."""
    found = {
        leaf["name"]: leaf["stop_message"] for leaf in LEAVES if leaf["urgency"] == "emergency"
    }
    assert set(found) == set(FIRST_NUMBER)
    for name, number in FIRST_NUMBER.items():
        assert number in found[name], name


def test_emergencies_demand_no_answer() -> None:
    """Nobody fills in a form while water runs down the stairs."""
    urgent = [leaf for leaf in LEAVES if leaf["urgency"] == "emergency"]
    assert not [q for leaf in urgent for q in leaf["questions"] if q["required"]]
    for leaf in urgent:
        assert checked_answers(leaf["questions"], {}) == {}


def test_all_kinds_of_question_are_used() -> None:
    """So that every client has met them."""
    used = {question["kind"] for leaf in LEAVES for question in leaf["questions"]}
    assert used == {kind.value for kind in QuestionKind}


def test_codes_are_unique() -> None:
    """They find a category again, over all groups."""
    codes = [leaf["code"] for leaf in LEAVES] + [g.columns["code"] for g in shipped_tree()]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("fault", [{"flags": ["greenchannel"]}, {"policy": "dangr"}])
def test_misspelt_default_is_refused(fault: dict[str, Any]) -> None:
    """A flag or policy that does not exist is no silent False."""
    values: dict[str, Any] = {
        "code": "x",
        "name": "x",
        "policy": "danger",
        "backstop_role": "leader",
        **fault,
    }
    with pytest.raises(ValueError, match="x: "):
        Entry(**values).columns(1)

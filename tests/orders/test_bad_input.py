"""Bad input when placing: each has its own code and a sentence in Chinese, and changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.categories.models import Category
from app.categories.service import create_category, retire_category
from app.categories.states import NeedsPhoto
from app.files.states import FileKind
from app.kernel.database import session
from app.organisation.service import close_unit, create_unit
from app.organisation.states import UnitKind
from tests.orders.rows import file_of, refused
from tests.orders.stories import do
from tests.world import SOUTH, SYSTEM, WEST, World

Body = Callable[[World], dict[str, Any]]
POINT = {"latitude": SOUTH, "longitude": WEST, "coordinate_system": "gcj02"}
NAIVE = "2027-01-31T09:00:00"


def _of(**body: Any) -> Body:
    return lambda _: body


def _in(category: str, **body: Any) -> Body:
    return lambda world: {"category_id": world.categories[category], **body}


def _photos(who: str, kind: FileKind = FileKind.PICTURE, times: int = 1) -> Body:
    return lambda world: {"photo_ids": [file_of(world, who, kind)] * times}


def _used(world: World) -> dict[str, Any]:
    photo_id = file_of(world, "resident")
    world.order(photo_ids=[photo_id])
    return {"photo_ids": [photo_id]}


def _ten_photos(world: World) -> dict[str, Any]:
    return {"photo_ids": [file_of(world, "resident") for _ in range(10)]}


def _picture_as_voice(world: World) -> dict[str, Any]:
    return {"voice_id": file_of(world, "resident")}


def _group(_: World) -> dict[str, Any]:
    return {"category_id": session.scalar(select(Category.id).where(Category.code == "safety"))}


def _elsewhere(world: World) -> dict[str, Any]:
    group = session.scalars(select(Category.id).where(Category.code == "living")).one()
    own = do(
        create_category, SYSTEM, name="西园菜地", parent_id=group, unit_id=world.other_community.id
    )
    return {"category_id": own.id}


def _retired(world: World) -> dict[str, Any]:
    do(retire_category, SYSTEM, world.categories["小广告"])
    return {"category_id": world.categories["小广告"]}


def _closed(world: World) -> dict[str, Any]:
    unit = do(
        create_unit, SYSTEM, kind=UnitKind.COMMUNITY, name="旧社区", parent_id=world.street.id
    )
    do(close_unit, SYSTEM, unit.id, successor_unit_id=world.community.id)
    return {"unit_id": unit.id}


def _picture_first(world: World) -> dict[str, Any]:
    category = session.get_one(Category, world.categories["养犬"])
    category.needs_photo = NeedsPhoto.BEFORE
    session.commit()
    return {"category_id": category.id}


BAD: dict[str, tuple[Body, int, str]] = {
    "category missing": (_of(category_id=999_999), 422, "category.unknown"),
    "category of another unit": (_elsewhere, 422, "category.other_unit"),
    "category retired": (_retired, 422, "category.retired"),
    "category a group": (_group, 422, "category.not_a_leaf"),
    "category of staff": (_in("临时救助"), 403, "category.staff_only"),
    "unit missing": (_of(unit_id=999_999), 422, "unit.unknown"),
    "unit closed": (_closed, 422, "unit.closed"),
    "place missing": (_of(place_id=999_999), 422, "place.unknown"),
    "point outside": (_of(location=POINT | {"latitude": 10.0}), 422, "location.outside"),
    "point off the earth": (_of(location=POINT | {"latitude": 91}), 422, "body.invalid"),
    "point without system": (
        _of(location={"latitude": SOUTH, "longitude": WEST}),
        422,
        "body.invalid",
    ),
    "file missing": (_of(photo_ids=[999_999]), 422, "file.unknown"),
    "file of someone else": (_photos("resident2"), 422, "file.unknown"),
    "voice of someone else": (
        lambda world: {"voice_id": file_of(world, "resident2", FileKind.VOICE)},
        422,
        "file.unknown",
    ),
    "file used": (_used, 422, "file.already_used"),
    "file twice": (_photos("resident", times=2), 422, "file.repeated"),
    "voice as picture": (_photos("resident", FileKind.VOICE), 422, "file.wrong_kind"),
    "picture as voice": (_picture_as_voice, 422, "file.wrong_kind"),
    "too many pictures": (_ten_photos, 422, "order.too_many_photos"),
    "picture needed": (_picture_first, 422, "order.photo_required"),
    "text too long": (_of(description="长" * 2001), 422, "text.too_long"),
    "control characters": (_of(description="灯\x00坏了"), 422, "text.control_characters"),
    "time without zone": (
        _of(preferred_times=[{"since": NAIVE, "until": NAIVE}]),
        422,
        "time.zone_missing",
    ),
    "time ends before it begins": (
        _of(
            preferred_times=[
                {"since": "2027-01-31T10:00:00+08:00", "until": "2027-01-31T09:00:00+08:00"}
            ]
        ),
        422,
        "body.invalid",
    ),
    "unknown field": (_of(prioritaet=1), 422, "field.unknown"),
    "not a number": (_of(category_id="楼道"), 422, "body.invalid"),
    "huge number": (_of(category_id=2**64), 422, "body.invalid"),
    "unknown urgency": (_of(urgency="now"), 422, "body.invalid"),
    "phone wrong": (_of(contact_phone="12"), 422, "phone.invalid"),
    "nobody named": (_of(on_behalf_of={}), 422, "body.invalid"),
    "answer without category": (_of(answers={"where": "楼道"}), 422, "answer.no_category"),
    "answer missing": (_in("停水停电停气"), 422, "answer.missing"),
    "answer unknown": (_in("停水停电停气", answers={"x": "y"}), 422, "answer.unknown"),
    "source of staff": (_of(source="phone"), 403, "order.staff_only_field"),
    "number of staff": (_of(external_number="1"), 403, "order.staff_only_field"),
    "date of staff": (
        _of(imposed_due_at="2027-01-31T09:00:00+08:00"),
        403,
        "order.staff_only_field",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(world: World, name: str) -> None:
    """Refused by its name, and no table has a row more or less."""
    make, status, code = BAD[name]
    body = {"description": "楼道的灯坏了。"} | make(world)
    assert refused(world, "resident", "/orders", **body) == (status, code)


def test_nothing_said_at_all(world: World) -> None:
    """Neither words, category, picture, voice nor a phone to call."""
    sent = refused(world, "resident", "/orders", description=" ", on_behalf_of={"name": "王小明"})
    assert sent == (422, "order.empty")


def test_nowhere_at_all(world: World) -> None:
    """Without a home in a community the unit must be chosen."""
    sent = refused(world, "street", "/orders", description="灯坏了。")
    assert sent == (422, "order.unit_required")


def test_what_is_right_is_kept(world: World) -> None:
    """Pictures, voice, answers and times come back as they were sent."""
    photos = [file_of(world, "resident"), file_of(world, "resident")]
    voice = file_of(world, "resident", FileKind.VOICE)
    spans = [{"since": "2027-01-31T09:00:00+08:00", "until": "2027-01-31T11:00:00+08:00"}]
    order = world.order(
        category_id=world.categories["停水停电停气"],
        photo_ids=photos,
        voice_id=voice,
        answers={"what": ["水"]},
        preferred_times=spans,
    )
    assert [photo["id"] for photo in order["photos"]] == photos
    assert order["voice"]["id"] == voice
    assert order["answers"] == {"what": ["水"]}
    assert order["preferred_times"] == spans

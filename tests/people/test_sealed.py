"""Nothing in any table says in clear who someone is."""

import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag

from app.kernel.database import Model, session
from app.people import queries, service
from app.people.models import PersonDetail
from app.people.states import GreenReason, RegistrationKind
from tests.people.conftest import SYSTEM, Town, actor_of

SECRETS = (
    "欧阳修远",
    "13987654321",
    "望江路 77 号 501",
    "第一机床厂",
    "多次谩骂值班员",
    "我没有骂人",
    "本人当面同意",
    "old_and_alone",
)


def everything() -> str:
    """All columns of all tables as the database returns them, outside the ORM."""
    session.flush()
    found: list[str] = []
    for table in Model.metadata.sorted_tables:
        if sa.inspect(session.connection()).has_table(table.name):
            rows = session.execute(sa.text(f'SELECT * FROM "{table.name}"'))
            found.extend(str(tuple(row)) for row in rows)
    return "\n".join(found)


def test_no_table_holds_a_secret_in_clear(town: Town) -> None:
    person = service.create_person(
        town.holder("dispatcher"),
        name="欧阳修远",
        phone="13987654321",
        address="望江路 77 号 501",
        home_unit_id=town.a.id,
    )
    actor = actor_of(person)
    service.attach_verified_phone(actor, person.id, "13987654321")
    service.report_to_unit(
        actor, unit_id=town.a.id, kind=RegistrationKind.WORK, employer="第一机床厂"
    )
    service.set_green(SYSTEM, person.id, [GreenReason.OLD_AND_ALONE], "本人当面同意")
    limit = service.limit_person(town.holder("leader"), person.id, 30, "多次谩骂值班员")
    service.appeal_limit(actor, limit.id, "我没有骂人")
    leader = town.holder("leader", town.street)
    assert service.search_by_phone(leader, unit_id=town.a.id, phone="13987654321").items == [person]
    service.reveal_person(town.holder("dispatcher"), person.id, ["name", "phone"], "上门核对")
    text = everything()
    assert "试验区" in text
    assert [secret for secret in SECRETS if secret in text] == []


def test_a_sealed_value_opens_only_in_its_own_row_and_column(town: Town) -> None:
    one, two = town.person("王小明"), town.person("李秀英")
    details = [session.get_one(PersonDetail, person.id) for person in (one, two)]
    details[1].name = details[0].name
    details[0].address = details[0].name
    session.flush()
    with pytest.raises(InvalidTag):
        queries.name_of(two.id)
    with pytest.raises(InvalidTag):
        queries.address_of(one.id)


def test_the_same_name_is_never_sealed_the_same_way(town: Town) -> None:
    one, two = town.person("王小明"), town.person("王小明")
    sealed = {session.get_one(PersonDetail, person.id).name for person in (one, two)}
    assert len(sealed) == 2

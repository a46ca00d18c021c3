"""Who hears what when something happens below."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from app.identity.events import PasswordGiven, SessionStolen
from app.identity.states import MESSAGES as IDENTITY_MESSAGES
from app.kernel.clock import now
from app.kernel.database import session
from app.notifications import listeners
from app.notifications.jobs import deliver
from app.notifications.models import InboxMessage
from app.people import events
from app.people.states import MESSAGES as PEOPLE_MESSAGES
from tests.conftest import count
from tests.people.conftest import Town


@pytest.fixture(autouse=True)
def _real_templates(town: Town, _templates: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "app.notifications.service.templates", lambda: PEOPLE_MESSAGES | IDENTITY_MESSAGES
    )


Case = tuple[Callable[[Any], None], Callable[[int, int], object], str, tuple[str, str]]
CASES: list[Case] = [
    (
        listeners.on_registration_decided,
        lambda me, unit: events.RegistrationDecided(3, me, unit, approved=True),
        "报到已通过",
        ("registration", "甲社区"),
    ),
    (
        listeners.on_registration_decided,
        lambda me, unit: events.RegistrationDecided(3, me, unit, approved=False),
        "报到未通过",
        ("registration", "甲社区"),
    ),
    (
        listeners.on_registration_ended,
        lambda me, unit: events.RegistrationEnded(3, me, unit, by_staff=True),
        "报到已结束",
        ("registration", "甲社区"),
    ),
    (
        listeners.on_role_granted,
        lambda me, unit: events.RoleGranted(me, "duty", unit),
        "您有了新的岗位",
        ("unit", "甲社区的“值班员”"),
    ),
    (
        listeners.on_role_ended,
        lambda me, unit: events.RoleEnded(me, "duty", unit),
        "岗位已结束",
        ("unit", "甲社区的“值班员”"),
    ),
    (
        listeners.on_person_limited,
        lambda me, unit: events.PersonLimited(5, me, unit, 30),
        "线上下单已暂停",
        ("person_limit", "暂停30天"),
    ),
    (
        listeners.on_limit_decided,
        lambda me, _: events.LimitDecided(5, me, lifted=True),
        "线上下单已恢复",
        ("person_limit", "下单"),
    ),
    (
        listeners.on_limit_decided,
        lambda me, _: events.LimitDecided(5, me, lifted=False),
        "申诉结果",
        ("person_limit", "维持"),
    ),
    (
        listeners.on_offers_unblocked,
        lambda me, _: events.OffersUnblocked(me),
        "派单已恢复",
        ("person", "单子"),
    ),
    (
        listeners.on_session_stolen,
        lambda me, _: SessionStolen(me, 9, now()),
        "您的登录已被退出",
        ("session", "重新登录"),
    ),
    (
        listeners.on_password_given,
        lambda me, _: PasswordGiven(me),
        "您有了新的临时密码",
        ("person", "没有要求过"),
    ),
]


@pytest.mark.parametrize(("listener", "event", "title", "about"), CASES)
def test_the_one_concerned_is_told(
    town: Town,
    listener: Callable[[Any], None],
    event: Callable[[int, int], object],
    title: str,
    about: tuple[str, str],
) -> None:
    me = town.person()
    listener(event(me.id, town.a.id))
    deliver()
    message = session.scalars(sa.select(InboxMessage)).one()
    assert (message.recipient_id, message.title, message.subject_kind) == (me.id, title, about[0])
    assert about[1] in message.text
    assert message.urgent is (about[0] == "session" or listener is listeners.on_password_given)


def test_who_ends_the_own_registration_is_not_told(town: Town) -> None:
    me = town.person()
    listeners.on_registration_ended(events.RegistrationEnded(3, me.id, town.a.id, by_staff=False))
    deliver()
    assert count(InboxMessage) == 0

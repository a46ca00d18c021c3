"""Listeners to events of the organisation."""

from app.kernel.errors import Invalid, NotFound
from app.organisation.events import ProviderAccountLinked
from app.people import queries


def check_provider_account(event: ProviderAccountLinked) -> None:
    """Checks that a provider's account is an active person whom the actor sees.

    Raises Invalid `person.unknown` where it is not.
    """
    try:
        active = queries.get_visible_person(event.actor, event.person_id).is_active
    except NotFound:
        active = False
    if not active:
        raise Invalid("person.unknown", "没有这位人员，请重新选择。")

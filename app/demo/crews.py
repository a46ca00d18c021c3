"""The people who can take part in a story, by its community and category, and its place."""

from datetime import datetime, timedelta
from functools import cache
from random import Random

from app.demo.geography import Address, addresses, estates
from app.demo.library import Topic
from app.demo.population import people
from app.demo.tale import Cast, Handler, Rules
from app.kernel.clock import to_local

_OUTSIDE = {"water", "power", "gas", "heat", "social"}


@cache
def registered(community: int) -> tuple[str, ...]:
    """The keys of the members and volunteers whose registration at the community is approved."""
    return tuple(
        person.key
        for person in people().values()
        for one in person.registrations
        if one.community == community and one.status == "approved"
    )


@cache
def residents(community: int) -> tuple[str, ...]:
    """The keys of the residents who live in the community."""
    everyone = people().values()
    return tuple(
        one.key for one in everyone if one.kind == "resident" and one.community == community
    )


def members_for(community: int, rules: Rules) -> list[str]:
    """The keys of the community's members who may claim an order of a category with these rules.

    They have one of its skills, and they are vetted if the rules ask for that.
    """
    return [
        key
        for key in registered(community)
        if (not rules.skills or rules.skills & set(people()[key].skills))
        and (people()[key].vetted or not rules.vetted_only)
    ]


def cast_for(
    chance: Random, number: int, topic: Topic, rules: Rules, handled_by: str
) -> tuple[Cast, int, int | None]:
    """The cast of a story of resident `number`, the community, and the street.

    The street is None unless the order goes to the unit above the community. `handled_by` is
    "member", "others" (no members) or "" (all). Raises LookupError if the resident has no home.
    """
    requester = f"resident:{number}"
    home = people()[requester].home
    here = people()[requester].community
    if home is None or here is None:
        raise LookupError(requester)
    street = here // 3
    if rules.to_unit_above:
        above = Handler("staff", f"street:{street}:1")
        cast = Cast(
            f"street:{street}:0", f"street:{street}:0", "district:1", requester, None, (), (above,)
        )
        return cast, here, street
    members = members_for(here, rules) if handled_by != "others" else []
    handlers = [] if handled_by == "member" else _handlers(topic, home)
    desk = f"dispatcher:{here}" if chance.random() < 0.7 else f"clerk:{here}"
    duty = f"duty:{here}" if chance.random() < 0.6 else f"night:{here}"
    near = [key for key in residents(here) if key != requester]
    cast = Cast(desk, duty, f"street:{street}:0", requester, None, members, handlers, near)
    return cast, here, None


def _handlers(topic: Topic, home: Address) -> list[Handler]:
    found = [one for kind in topic.handlers for one in _handler(kind, home)]
    # Without a property firm, or for a topic that only members handle, the grid worker goes.
    return found or [Handler("grid", f"grid:{home.community}:{home.plan.grid}")]


def _handler(kind: str, home: Address) -> list[Handler]:
    here = home.community
    if kind == "grid":
        return [Handler("grid", f"grid:{here}:{home.plan.grid}")]
    if kind == "staff":
        return [Handler("staff", f"leader:{here}")]
    if kind == "property":
        managed = estates(here)[home.estate].management != "unmanaged"
        return [Handler("provider", f"property:{here}:{home.estate}")] if managed else []
    if kind == "lift":
        return [Handler("provider", f"lift:{here}")]
    return [Handler("provider", kind)] if kind in _OUTSIDE else []


def place_for(chance: Random, topic: Topic, community: int, number: int) -> Address:
    """The resident's home; for half of the orders out of doors another address of the community."""
    home = people()[f"resident:{number}"].home
    if home is None or (topic.place == "outdoor" and chance.random() < 0.5):
        return chance.choice(addresses(community))
    return home


def desk_source(chance: Random, at: datetime) -> tuple[str, str | None]:
    """The source of an order that staff enter, with an external number if it comes from 12345."""
    source = chance.choice(("phone", "phone", "phone", "window", "wechat_group", "visit", "12345"))
    day = to_local(at - timedelta(hours=1))
    number = f"{day:%Y%m%d}{chance.randint(10000, 99999)}" if source == "12345" else None
    return source, number

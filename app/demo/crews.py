"""Who can take part in an order, by its community and category, and where it is."""

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
    """Members whose registration there is approved."""
    return tuple(
        person.key
        for person in people().values()
        for one in person.registrations
        if one.community == community and one.status == "approved"
    )


@cache
def residents(community: int) -> tuple[str, ...]:
    """Those who live there."""
    everyone = people().values()
    return tuple(
        one.key for one in everyone if one.kind == "resident" and one.community == community
    )


def members_for(community: int, rules: Rules) -> list[str]:
    """Those of them who may claim: with one of the skills, vetted where that is asked for."""
    return [
        key
        for key in registered(community)
        if (not rules.skills or rules.skills & set(people()[key].skills))
        and (people()[key].vetted or not rules.vetted_only)
    ]


def cast_for(
    chance: Random, number: int, topic: Topic, rules: Rules, handled_by: str
) -> tuple[Cast, int, int | None]:
    """The people of a story of resident `number`, the community, the street if it acts itself."""
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
    # Where no property firm is, or a topic is for members alone, the grid worker goes.
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
    """The own home, or for what is out of doors now and then another building."""
    home = people()[f"resident:{number}"].home
    if home is None or (topic.place == "outdoor" and chance.random() < 0.5):
        return chance.choice(addresses(community))
    return home


def desk_source(chance: Random, at: datetime) -> tuple[str, str | None]:
    """How an order came that staff entered, with the other system's number if it has one."""
    source = chance.choice(("phone", "phone", "phone", "window", "wechat_group", "visit", "12345"))
    day = to_local(at - timedelta(hours=1))
    number = f"{day:%Y%m%d}{chance.randint(10000, 99999)}" if source == "12345" else None
    return source, number

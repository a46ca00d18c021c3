"""The invented people of the demo: their names, homes, roles and skills."""

from dataclasses import dataclass, field
from functools import cache

from app.demo.dice import dice
from app.demo.geography import Address, addresses, names

COMMUNITIES = 6
RESIDENTS, MEMBERS = 300, 80
RESIDENTS_FIRST, MEMBERS_FIRST = 50, 13

# The skills of the first, second … member of each community, as an ordinary community has them.
_SKILLS: tuple[tuple[str, ...], ...] = (
    ("电工", "家电"),
    ("医护", "心理"),
    ("调解", "法律"),
    ("政策", "劳动"),
    ("教育",),
    ("保洁", "水工", "电工"),
    ("政策", "教育"),
    ("医护", "驾驶"),
    ("家电", "科技", "水工"),
    ("调解", "理发", "保洁"),
    ("教育", "文艺"),
    ("法律", "政策"),
    ("劳动", "驾驶"),
    ("物业", "电工"),
)
_AVAILABILITY = (
    {"workday": [["17:30", "21:00"]], "rest_day": [["08:30", "20:30"]]},
    {"workday": [["12:00", "13:30"], ["18:00", "21:30"]], "rest_day": []},
    {"workday": [], "rest_day": [["08:30", "12:00"], ["14:00", "18:00"]]},
    {"workday": [["18:30", "21:30"]], "rest_day": [["14:00", "21:00"]]},
)


@dataclass(frozen=True, slots=True)
class RegistrationPlan:
    """A registration at a community: its status and reason; it was filed `days_ago` days ago."""

    community: int
    kind: str
    status: str
    days_ago: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PersonPlan:
    """An invented person; the other modules of the demo name the person by `key`."""

    key: str
    kind: str
    name: str
    phone: str
    community: int | None
    role: str | None = None
    grid: int | None = None
    street: int | None = None
    login: str | None = None
    wechat: str | None = None
    skills: tuple[str, ...] = ()
    employer: str = ""
    vetted: bool = False
    green: str = ""
    availability: dict[str, list[list[str]]] = field(default_factory=dict)
    registrations: tuple[RegistrationPlan, ...] = ()
    home: Address | None = None


class _Register:
    """Hands out names, phones and homes, each only once."""

    def __init__(self) -> None:
        people = names()["people"]
        chance = dice("names")
        given = [one + two for one in people["first"] for two in people["second"] if one != two]
        self._names = [
            surname + chance.choice(given) for _ in range(8) for surname in people["surnames"]
        ]
        chance.shuffle(self._names)
        self._names = list(dict.fromkeys(self._names))
        self._given = 0
        self._housed = [0] * COMMUNITIES

    def home(self, community: int) -> Address:
        self._housed[community] += 1
        return addresses(community)[self._housed[community] - 1]

    def name(self) -> str:
        name: str = self._names[self._given]
        return name

    def phone(self) -> str:
        # No mobile number begins with 168, so no real person can be called by mistake.
        self._given += 1
        return f"1680{(self._given * 7919 + 1234567) % 10_000_000:07d}"


@cache
def people() -> dict[str, PersonPlan]:
    """All people by key: staff, grid workers, members (member:1…80), residents (resident:1…300)."""
    register = _Register()
    everyone = [*_staff(register), *_members(register), *_residents(register)]
    return {person.key: person for person in everyone}


def home_of(number: int, first: int) -> int:
    """The community (0–5) of resident or member `number`; the first `first` people live in 0."""
    return 0 if number <= first else 1 + (number - first - 1) % (COMMUNITIES - 1)


def _staff(register: _Register) -> list[PersonPlan]:
    def person(key: str, kind: str, role: str, **more: int | str | None) -> PersonPlan:
        name, phone = register.name(), register.phone()
        community = more.pop("community", None)
        return PersonPlan(key, kind, name, phone, community, role, **more)  # type: ignore[arg-type]  # the names are the fields'

    staff = [
        person("admin", "staff", "admin", login="admin"),
        person("district:1", "staff", "district_officer", login="district-1"),
        person("district:2", "staff", "district_officer"),
    ]
    for street in range(2):
        for place in range(2):
            number = street + 1 + place * 2
            login = f"street-{number}" if number < 3 else None
            staff.append(
                person(
                    f"street:{street}:{place}",
                    "staff",
                    "street_officer",
                    street=street,
                    login=login,
                )
            )
    for here in range(COMMUNITIES):
        number = here + 1
        for key, role in (("dispatcher", "dispatcher"), ("leader", "leader"), ("duty", "duty")):
            login = f"{key}-{number}"
            staff.append(person(f"{key}:{here}", "staff", role, community=here, login=login))
        staff.append(person(f"clerk:{here}", "staff", "dispatcher", community=here))
        staff.append(person(f"night:{here}", "staff", "duty", community=here))
        for grid in range(4):
            login = f"grid-{grid + 1}" if here == 0 else None
            staff.append(
                person(
                    f"grid:{here}:{grid}",
                    "grid_worker",
                    "grid_worker",
                    community=here,
                    grid=grid,
                    login=login,
                )
            )
    return staff


def _members(register: _Register) -> list[PersonPlan]:
    chance = dice("members")
    employers = names()["people"]["employers"]["names"]
    members = []
    seen = [0] * COMMUNITIES
    for number in range(1, MEMBERS + 1):
        home = home_of(number, MEMBERS_FIRST)
        place = seen[home] % len(_SKILLS)
        seen[home] += 1
        members.append(
            PersonPlan(
                key=f"member:{number}",
                kind="volunteer" if place == 11 else "member",
                name=register.name(),
                phone=register.phone(),
                community=home,
                wechat=f"demo-member-{number}",
                skills=_SKILLS[place],
                employer=chance.choice(employers),
                vetted=place in (1, 2, 4, 6, 10) or chance.random() < 0.3,
                availability=_AVAILABILITY[number % len(_AVAILABILITY)],
                registrations=_registrations(number, home, place),
                home=register.home(home),
            )
        )
    return members


_DECLINED = (
    "材料里的单位和介绍信对不上，请补齐后再报到。",
    "您住在隔壁社区的范围，请向那边报到。",
)


def _registrations(number: int, home: int, place: int) -> tuple[RegistrationPlan, ...]:
    """The registrations of a member: usually approved; a few wait, were declined or have ended."""
    days = 70 + (number * 37) % 260
    if number == 11 or (number > MEMBERS_FIRST and place == 10 and home in (1, 3)):
        return (RegistrationPlan(home, "home", "pending", 1),)
    if number == 12 or (home == 2 and place == 12):
        return (RegistrationPlan(home, "home", "declined", 9, _DECLINED[number % 2]),)
    if number == 13:
        return (RegistrationPlan(home, "work", "pending", 0),)
    first = RegistrationPlan(home, "home", "approved", days)
    if number == 40:
        return (RegistrationPlan(home, "home", "ended", days, "搬到外地居住。"),)
    if number % 9 == 0:
        other = (home + 1) % COMMUNITIES
        return first, RegistrationPlan(other, "work", "approved", days - 8)
    if number % 13 == 0:
        return first, RegistrationPlan((home + 2) % COMMUNITIES, "work", "pending", 2)
    return (first,)


_GREEN = ("old_and_alone", "disabled", "low_income")


def _residents(register: _Register) -> list[PersonPlan]:
    residents = []
    for number in range(1, RESIDENTS + 1):
        community = home_of(number, RESIDENTS_FIRST)
        residents.append(
            PersonPlan(
                key=f"resident:{number}",
                kind="resident",
                name=register.name(),
                phone=register.phone(),
                community=community,
                wechat=f"demo-resident-{number}",
                green=_GREEN[number % 3] if number % 16 == 8 else "",
                home=register.home(community),
            )
        )
    return residents

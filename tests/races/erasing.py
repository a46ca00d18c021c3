"""What is done beside an erasure: by the person, and by others about the person."""

import io
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from app.identity.service import attach_wechat, open_session
from app.identity.states import Channel
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import transaction
from app.kernel.http import App
from app.people.documents import text_in_force
from app.people.queries import grants_of
from app.people.service import (
    appeal_limit,
    approve_registration,
    attach_verified_phone,
    create_person,
    limit_person,
    report_to_unit,
)
from app.people.states import Document, PersonKind, RegistrationKind
from app.wechat.sandbox import openid_for
from tests.consents import agree
from tests.serving import Reply
from tests.world import SYSTEM, World

PUBLIC = "路灯楼道灯"
LATER = "2099-01-01T09:00:00+08:00"
_numbers = itertools.count(1)


@dataclass
class Person:
    """Somebody who is erased, and the words by which whatever is left is found."""

    id: int
    token: str
    name: str
    phone: str
    word: str

    @property
    def marks(self) -> tuple[str, ...]:
        """What must stand nowhere afterwards."""
        return self.name, self.phone, self.word


@dataclass
class Stage:
    """The district and its staff; threads send requests to the app, on a database of its own."""

    app: App
    world: World
    tokens: dict[str, str] = field(default_factory=dict)

    def token(self, who: str) -> str:
        """The token of somebody of the crowd."""
        if who not in self.tokens:
            self.tokens[who] = self.enter(self.world.ids[who])
        return self.tokens[who]

    def enter(self, person_id: int) -> str:
        """A new access token."""
        with self.app.app_context(), transaction():
            return open_session(SYSTEM, person_id, Channel.PASSWORD).access_token

    def sent(self, method: str, path: str, token: str | None, body: Any = None) -> Reply:
        """One request with a key of its own."""
        key = f"erasing-{next(_numbers)}"
        headers = {"Idempotency-Key": key} | ({"Authorization": f"Bearer {token}"} if token else {})
        answer = self.app.test_client().open(
            f"/api/v1{path}", method=method, headers=headers, json=body
        )
        return Reply(answer.status_code, answer.get_json(silent=True) or {})

    def must(self, who: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """A request of somebody that has to succeed."""
        token = self.token(who) if who in self.world.ids else who
        reply = self.sent(method, path, token, body)
        assert reply.status < 300, (path, reply)
        return reply.body

    def person(self, kind: PersonKind = PersonKind.RESIDENT) -> Person:
        """Somebody new, who has agreed to everything; a member is registered and approved."""
        number = next(_numbers)
        name, phone, word = f"欧阳鹿{number:05d}", f"137{number:08d}", f"紫藤{number:05d}"
        home = self.world.community.id
        with self.app.app_context(), transaction():
            found = create_person(SYSTEM, kind=kind, name=name, phone=phone, home_unit_id=home)
            me = Actor(found.id, name)
            agree(found.id, *Document)
            attach_verified_phone(SYSTEM, found.id, phone)
            if kind is PersonKind.MEMBER:
                row = report_to_unit(me, unit_id=home, kind=RegistrationKind.HOME)
                approve_registration(self.chief(), row.id)
            token = open_session(SYSTEM, found.id, Channel.PASSWORD).access_token
        return Person(found.id, token, name, phone, word)

    def chief(self) -> Actor:
        """The leader of the community, with today's grants."""
        leader = self.world.ids["leader"]
        return Actor(leader, "leader", grants_of(leader, now()))


Deed = Callable[[], Reply]
# Prepares something and returns what is done beside the erasure.
Verb = Callable[[Stage, Person], Deed]


def _order(stage: Stage, person: Person, **more: Any) -> int:
    body = {"description": f"{person.word}坏了。", "unit_id": stage.world.community.id} | more
    return int(stage.must(person.token, "POST", "/orders", body)["id"])


def _completed(stage: Stage, person: Person) -> int:
    order = _order(stage, person)
    stage.must("dispatcher", "POST", f"/orders/{order}/settle", {"note": "办好了。"})
    return order


def _in_work(stage: Stage, person: Person) -> int:
    order = _order(stage, person)
    stage.must("dispatcher", "POST", f"/orders/{order}/dispatch", {"mode": "pool"})
    stage.must("member", "POST", f"/orders/{order}/claim", {})
    return order


def _neighbours(stage: Stage, public: bool = False) -> int:
    more = {"category_id": stage.world.categories[PUBLIC]} if public else {}
    neighbour = stage.person()
    return int(
        stage.must(
            neighbour.token,
            "POST",
            "/orders",
            {"description": "楼道的灯坏了。", "unit_id": stage.world.community.id} | more,
        )["id"]
    )


def _pooled(stage: Stage) -> int:
    order = _neighbours(stage)
    stage.must("dispatcher", "POST", f"/orders/{order}/dispatch", {"mode": "pool"})
    return order


def _place(stage: Stage, person: Person) -> Deed:
    body = {
        "description": f"{person.word}坏了。",
        "unit_id": stage.world.community.id,
        "contact_name": person.name,
        "contact_phone": person.phone,
    }
    return lambda: stage.sent("POST", "/orders", person.token, body)


def _on_order(action: str, body: Callable[[Person], Any], ready: Any = _order) -> Verb:
    """An act of the person on an own order."""

    def verb(stage: Stage, person: Person) -> Deed:
        order = ready(stage, person)
        path = f"/orders/{order}/{action}"
        return lambda: stage.sent("POST", path, person.token, body(person))

    return verb


def _asked(stage: Stage, person: Person) -> int:
    order = _order(stage, person)
    stage.must("dispatcher", "POST", f"/orders/{order}/ask", {"note": "哪一盏？"})
    return order


def _closed(stage: Stage, person: Person) -> int:
    order = _completed(stage, person)
    stage.must(person.token, "POST", f"/orders/{order}/rate", {"solved": True})
    return order


def _join(stage: Stage, person: Person) -> Deed:
    order = _neighbours(stage, public=True)
    stage.must("dispatcher", "POST", f"/orders/{order}/dispatch", {"mode": "pool"})
    return lambda: stage.sent("POST", f"/orders/{order}/join", person.token, {"note": person.word})


def _me_too(stage: Stage, person: Person) -> Deed:
    body = {"unit_id": stage.world.community.id, "text": "停水", "until": LATER}
    banner = stage.must("dispatcher", "POST", "/banners", body)["id"]
    return lambda: stage.sent("POST", f"/banners/{banner}/me_too", person.token, {})


def _of_person(method: str, path: str, body: Callable[[Stage, Person], Any]) -> Verb:
    """A request of the person that needs nothing before it."""
    return lambda stage, person: lambda: stage.sent(method, path, person.token, body(stage, person))


def _appeal(stage: Stage, person: Person) -> Deed:
    with stage.app.app_context(), transaction():
        limit = limit_person(stage.chief(), person.id, 7, "反复")
        number = limit.id
    path = f"/limits/{number}/appeal"
    return lambda: stage.sent("POST", path, person.token, {"text": person.word})


def _upheld(stage: Stage, person: Person) -> Deed:
    with stage.app.app_context(), transaction():
        number = limit_person(stage.chief(), person.id, 7, "反复").id
        appeal_limit(Actor(person.id, person.name), number, "不服")
    path = f"/limits/{number}/lift"
    return lambda: stage.sent("POST", path, stage.token("street"), {"answer": person.word})


def _log_in(stage: Stage, person: Person) -> Deed:
    code = f"demo-erased-{person.id}"
    with stage.app.app_context(), transaction():
        attach_wechat(SYSTEM, person.id, openid_for(code))
    return lambda: stage.sent("POST", "/sessions/wechat", None, {"code": code})


def _renew(stage: Stage, person: Person) -> Deed:
    with stage.app.app_context(), transaction():
        token = open_session(SYSTEM, person.id, Channel.PASSWORD).refresh_token
    return lambda: stage.sent("POST", "/sessions/refresh", None, {"refresh_token": token})


def _by_member(action: str, body: Callable[[Person], Any], *, claims: bool) -> Verb:
    """An act of the person, a member, on the order of a neighbour."""

    def verb(stage: Stage, person: Person) -> Deed:
        order = _pooled(stage)
        if claims:
            stage.must(person.token, "POST", f"/orders/{order}/claim", {})
        path = f"/orders/{order}/{action}"
        return lambda: stage.sent("POST", path, person.token, body(person))

    return verb


def _enter_for(stage: Stage, person: Person) -> Deed:
    body = {
        "description": f"{person.word}坏了。",
        "unit_id": stage.world.community.id,
        "on_behalf_of": {"person_id": person.id},
    }
    return lambda: stage.sent("POST", "/orders", stage.token("dispatcher"), body)


def _to_person(body: Callable[[Stage, Person], Any], action: str = "dispatch") -> Verb:
    """An act of the dispatcher on a neighbour's order that names the person, a member."""

    def verb(stage: Stage, person: Person) -> Deed:
        order, token = _neighbours(stage), stage.token("dispatcher")
        path = f"/orders/{order}/{action}"
        return lambda: stage.sent("POST", path, token, body(stage, person))

    return verb


def _on_persons_order(action: str, body: Callable[[Person], Any], ready: Any = _order) -> Verb:
    """An act of the leader on the person's order that writes down something of the person."""

    def verb(stage: Stage, person: Person) -> Deed:
        order, token = ready(stage, person), stage.token("leader")
        path = f"/orders/{order}/{action}"
        return lambda: stage.sent("POST", path, token, body(person))

    return verb


def _about(path: str, body: Callable[[Stage, Person], Any], by: str = "leader") -> Verb:
    """A POST of staff about the person."""

    def verb(stage: Stage, person: Person) -> Deed:
        full, token = path.format(id=person.id), stage.token(by)
        return lambda: stage.sent("POST", full, token, body(stage, person))

    return verb


def _approve(stage: Stage, person: Person) -> Deed:
    with stage.app.app_context(), transaction():
        me = Actor(person.id, person.name)
        home = stage.world.community.id
        number = report_to_unit(me, unit_id=home, kind=RegistrationKind.HOME).id
    path = f"/registrations/{number}/approve"
    return lambda: stage.sent("POST", path, stage.token("leader"), {})


def _upload(stage: Stage, person: Person) -> Deed:
    drawn = io.BytesIO()
    Image.effect_noise((64, 48), 90).convert("RGB").save(drawn, "JPEG")
    headers = {
        "Authorization": f"Bearer {person.token}",
        "Idempotency-Key": person.word.encode().hex(),
    }

    def send() -> Reply:
        data = {"file": (io.BytesIO(drawn.getvalue()), "a.jpg")}
        answer = stage.app.test_client().post("/api/v1/files", data=data, headers=headers)
        return Reply(answer.status_code, answer.get_json(silent=True) or {})

    return send


def _rings(person: Person) -> Any:
    return {"outcome": "reached", "solved": True, "note": f"{person.name}说{person.word}好了。"}


RESIDENTS: dict[str, Verb] = {
    "place": _place,
    "comment": _on_order("comments", lambda p: {"note": p.word}),
    "answer": _on_order("answer", lambda p: {"note": p.word}, _asked),
    "urge": _on_order("urge", lambda p: {"note": p.word}),
    "cancel": _on_order("cancel", lambda p: {"reason": p.word}),
    "rate": _on_order("rate", lambda p: {"solved": True, "comment": p.word}, _completed),
    "reopen": _on_order("reopen", lambda p: {"reason": p.word}, _closed),
    "join": _join,
    "me too": _me_too,
    "upload": _upload,
    "phone": _of_person("POST", "/me/phone", lambda _, p: {"code": f"demo-phone-{p.phone}"}),
    "consent": _of_person(
        "POST",
        "/me/consents",
        lambda *_: {
            "document": Document.PRIVACY.value,
            "version": text_in_force(Document.PRIVACY).version,
            "granted": True,
        },
    ),
    "register": _of_person(
        "POST",
        "/registrations",
        lambda stage, p: {"unit_id": stage.world.community.id, "kind": "home", "employer": p.word},
    ),
    "away": _of_person("POST", "/me/away", lambda *_: {"until": None}),
    "appeal": _appeal,
    "log in": _log_in,
    "renew": _renew,
    "enter for": _enter_for,
    "lift": _upheld,
    "amend": _on_persons_order("amend", lambda p: {"reason": "更正", "contact_name": p.name}),
    "amend in work": _on_persons_order(
        "amend", lambda p: {"reason": "更正", "contact_name": p.name}, _in_work
    ),
    "follow up": _on_persons_order("follow_up", _rings, _completed),
    "limit": _about("/people/{id}/limit", lambda _, p: {"days": 7, "reason": p.word}),
    "green": _about(
        "/people/{id}/green", lambda _, p: {"reasons": ["disabled"], "consent": p.word}
    ),
    "grant": _about(
        "/people/{id}/grants",
        lambda stage, _: {"role_code": "duty", "unit_id": stage.world.community.id},
    ),
    "account": _about("/people/{id}/account", lambda _, p: {"username": f"u{p.phone}"}, "admin"),
    "approve": _approve,
}
MEMBERS: dict[str, Verb] = {
    "claim": _by_member("claim", lambda p: {"note": p.word}, claims=False),
    "progress": _by_member(
        "progress", lambda p: {"note": f"{p.word}已经看过了，明天来修。"}, claims=True
    ),
    "return": _by_member("return", lambda p: {"reason": p.word}, claims=True),
    "offer": _to_person(
        lambda _, p: {"mode": "direct", "assignee_id": p.id, "task": f"请{p.name}办"}
    ),
    "helper": _to_person(
        lambda stage, p: {
            "mode": "direct",
            "assignee_id": stage.world.ids["grid"],
            "helper_ids": [p.id],
        }
    ),
    "part": _to_person(
        lambda _, p: {"parts": [{"assignee_id": p.id, "task": f"请{p.name}办"}]}, "split"
    ),
}
VERBS = RESIDENTS | MEMBERS

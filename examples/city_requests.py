#!/usr/bin/env python3
"""Plays requests to a city (a CSV in the layout of the Los Angeles 311 export) through the API.

Each row is placed, dispatched, claimed by a member or assigned to a grid worker, completed, and rated
by the resident or followed up by the desk. Needs a server with demo data; standard library only.

    examples/city_requests.py requests.csv --rows 200 --base http://127.0.0.1:8000
"""

import argparse
import csv
import http.client
import itertools
import json
import os
import struct
import sys
import time
import urllib.error
import urllib.request
import uuid
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# What people in Los Angeles ask for, in the categories of a Chinese community, and in its words.
# Water waste is a sprinkler left on, and no category's matter: 水管爆裂 would page people for it.
TYPES = {
    "Bulky Items": ("大件装修垃圾", "有人放了旧家具等大件，请安排清运"),
    "Metal/Household Appliances": ("大件装修垃圾", "有废旧家电要清走，请安排清运"),
    "Electronic Waste": ("垃圾清运", "有废旧电器要清走，请安排清运"),
    "Illegal Dumping Pickup": ("垃圾清运", "有人乱倒垃圾，请派人清走"),
    "Graffiti Removal": ("小广告", "墙上被人乱涂乱写，请派人清除"),
    "Dead Animal Removal": ("四害消杀", "发现动物尸体，请派人清走并消杀"),
    "Homeless Encampment": ("临时救助", "有人露宿，请上门看看需要什么帮助"),
    "Single Streetlight Issue": ("路灯楼道灯", "有一盏路灯不亮，请派人修"),
    "Multiple Streetlight Issue": ("路灯楼道灯", "有好几盏路灯不亮，请派人修"),
    "Report Water Waste": (None, "自来水一直白白流着，请派人看看"),
}
OTHER = (None, "有一件事要请社区看看")
SOURCES = {
    "Call": "phone",
    "Mobile App": "open311",
    "Self Service": "open311",
    "Driver Self Report": "patrol",
    "Council's Office": "superior",
}
# Refusals that say: not this person, but perhaps another.
FULL = {"order.daily_limit", "order.open_limit", "person.desk_only"}
CAPPED = {"order.daily_cap", "order.open_cap", "person.away"}
LATER = {"idempotency.in_progress", "rate.exceeded", "database.unavailable"}
LATER |= {"http.502", "http.503", "http.504"}
NO_ANSWER = (OSError, http.client.HTTPException)
TRIES = 8
# The first member and the first two residents are left to journey.sh and to whoever tries things out.
MEMBERS, RESIDENTS = 10, 50
EVERY_BY_RESIDENT = 4


STAGES = (
    *("placed", "placed by residents", "entered by the desk", "dispatched", "claimed by members"),
    *("assigned to grid-1", "assigned to duty-1", "completed", "with a picture"),
    *("rated", "followed up", "closed"),
)


class Refused(Exception):
    """The server said no, with a code for programs and a sentence for people."""

    def __init__(self, step: str, status: int, problem: dict[str, Any]) -> None:
        self.code = str(problem.get("code", f"http.{status}"))
        super().__init__(f"{step}: {status} {self.code} {problem.get('detail', '')}")


class Api:
    """Requests to one server; each POST is repeated under its own key until an answer arrives."""

    def __init__(self, base: str, lose: int) -> None:
        self._base = base.rstrip("/") + "/api/v1"
        self._lose = lose
        self._run = uuid.uuid4().hex[:12]
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.sent = self.lost = 0

    def get(self, path: str, token: str) -> Any:
        """Reads."""
        return self._until_answered("GET", path, {"Authorization": f"Bearer {token}"}, None)

    def post(self, path: str, token: str, body: dict[str, Any], key: str) -> Any:
        """Acts; `key` names this act within the run, so that a repetition does nothing twice."""
        headers = {"Content-Type": "application/json"}
        return self._act(path, token, headers, json.dumps(body).encode(), key)

    def upload(self, token: str, picture: bytes, key: str) -> int:
        """Uploads a picture; answers its id."""
        mark = "----city-requests"
        head = (
            f"--{mark}\r\nContent-Type: image/png\r\n"
            'Content-Disposition: form-data; name="file"; filename="after.png"\r\n\r\n'
        )
        data = head.encode() + picture + f"\r\n--{mark}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={mark}"}
        return int(self._act("/files", token, headers, data, key)["id"])

    def log_in(self, path: str, body: dict[str, Any]) -> Any:
        """Opens a session; nothing is kept of it under a key."""
        headers = {"Content-Type": "application/json"}
        return self._until_answered("POST", path, headers, json.dumps(body).encode())

    def _act(self, path: str, token: str, headers: dict[str, str], data: bytes, key: str) -> Any:
        headers |= {"Authorization": f"Bearer {token}", "Idempotency-Key": f"{self._run}-{key}"}
        answer = self._until_answered("POST", path, headers, data)
        if self._lose and self.sent % self._lose == 0:
            # As if the answer had not arrived: the repetition must find the same thing.
            self.lost += 1
            if self._until_answered("POST", path, headers, data)["id"] != answer["id"]:
                raise SystemExit(f"{path}: repeated under one key, but done twice")
        return answer

    def _until_answered(
        self, method: str, path: str, headers: dict[str, str], data: bytes | None
    ) -> Any:
        for attempt in range(1, TRIES):
            try:
                return self._once(method, path, headers, data)
            except Refused as refused:
                if refused.code not in LATER:
                    raise
            except NO_ANSWER:
                self.lost += 1
            time.sleep(min(0.2 * 2**attempt, 10))
        return self._once(method, path, headers, data)

    def _once(self, method: str, path: str, headers: dict[str, str], data: bytes | None) -> Any:
        self.sent += 1
        request = urllib.request.Request(  # noqa: S310  # the server that the caller names
            self._base + path, data=data, headers=headers, method=method
        )
        try:
            with self._opener.open(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                problem = json.load(error) if "json" in error.headers.get_content_type() else {}
            raise Refused(f"{method} {path}", error.code, problem) from error


@dataclass
class Player:
    """Somebody of the demo, logged in."""

    login: str
    id: int
    token: str
    skills: frozenset[str]
    unit_id: int


class City:
    """The people of one demo community, and the way of a request through their hands."""

    def __init__(self, api: Api, password: str) -> None:
        self.api = api
        self.counts: Counter[str] = Counter()
        self.detours: Counter[str] = Counter()
        self.failures: list[str] = []
        self.dispatcher = self._log_in("dispatcher-1", password)
        self.grid_worker = self._log_in("grid-1", password)
        self.duty = self._log_in("duty-1", password)
        self.unit_id = self.dispatcher.unit_id
        self.members = [self._log_in(f"demo-member-{n}") for n in range(2, MEMBERS + 1)]
        self.spent: set[str] = set()
        self._residents: dict[int, Player] = {}
        self._next_resident = itertools.cycle(range(3, RESIDENTS + 1))
        tree = api.get(f"/categories?unit_id={self.unit_id}", self.dispatcher.token)
        self.categories = {leaf["name"]: leaf for leaf in _leaves(tree["items"])}

    def _log_in(self, login: str, password: str = "") -> Player:
        """By password, or by a code of the WeChat sandbox."""
        body = {"username": login, "password": password} if password else {"code": login}
        way = "password" if password else "wechat"
        return _player(login, self.api.log_in(f"/sessions/{way}", body))

    def play(self, number: int, row: dict[str, str]) -> None:
        """One row, from the placing to the close; a refusal that nothing helps against is noted."""
        try:
            self._play(number, row, key=row["srnumber"])
        except (Refused, *NO_ANSWER) as broken:
            self.failures.append(f"{row['srnumber']} {broken}")

    def _play(self, number: int, row: dict[str, str], key: str) -> None:
        name, words = TYPES.get(row["requesttype"], OTHER)
        category = self.categories.get(name) if name else None
        body = _placing(row, words, category, self.unit_id)
        wanted = number % EVERY_BY_RESIDENT == 0 and not (category and category["staff_only"])
        order, resident = self._place(row, body, key, by_resident=wanted)
        self.counts["placed"] += 1
        handler = self._hand_over(order["id"], category, key)
        self.counts["dispatched"] += 1
        self._work(order["id"], handler, category, key)
        closed = self._settle(order["id"], resident, key)
        if closed["status"] != "closed":
            raise Refused("close", 200, {"code": closed["status"], "detail": "没有办结"})
        self.counts["closed"] += 1

    def _place(
        self, row: dict[str, str], body: dict[str, Any], key: str, *, by_resident: bool
    ) -> tuple[Any, Player | None]:
        if by_resident:
            for _ in range(RESIDENTS):
                resident = self._resident(next(self._next_resident))
                try:
                    order = self.api.post("/orders", resident.token, body, f"{key}-place")
                except Refused as refused:
                    self._may_try_another(refused, FULL)
                else:
                    self.counts["placed by residents"] += 1
                    return order, resident
        # 168 begins no number in use: nobody can be called by mistake.
        phone = f"168{zlib.crc32(key.encode()) % 10**8:08d}"
        body = body | {
            "on_behalf_of": {"name": "来电居民", "phone": phone},
            "source": SOURCES.get(row["requestsource"], "import"),
            "external_number": row["srnumber"],
        }
        order = self.api.post("/orders", self.dispatcher.token, body, f"{key}-enter")
        self.counts["entered by the desk"] += 1
        return order, None

    def _resident(self, number: int) -> Player:
        if number not in self._residents:
            self._residents[number] = self._log_in(f"demo-resident-{number}")
        return self._residents[number]

    def _hand_over(self, order_id: int, category: Any, key: str) -> Player:
        """To the pool while a member who fits has room, else straight to the grid worker."""
        path, token = f"/orders/{order_id}/dispatch", self.dispatcher.token
        if not any(self._fitting(category)):
            return self._assign(path, {"mode": "direct", "task": "现场处理"}, key)
        self.api.post(path, token, {"mode": "pool", "task": "现场处理"}, f"{key}-pool")
        for member in self._fitting(category):
            try:
                claim = f"{key}-claim-{member.id}"
                self.api.post(f"/orders/{order_id}/claim", member.token, {}, claim)
            except Refused as refused:
                self._may_try_another(refused, CAPPED)
                self.spent.add(member.login)
            else:
                self.counts["claimed by members"] += 1
                return member
        reason = {"reason": "暂时没有党员能接，由社区办理"}
        return self._assign(f"/orders/{order_id}/reassign", reason, key)

    def _assign(self, path: str, body: dict[str, Any], key: str) -> Player:
        """To the grid worker; to the one on duty where the grid worker is not this community's."""
        for worker in (self.grid_worker, self.duty):
            if worker.login not in self.spent:
                try:
                    given = body | {"assignee_id": worker.id}
                    self.api.post(path, self.dispatcher.token, given, f"{key}-to-{worker.id}")
                except Refused as refused:
                    self._may_try_another(refused, {"assignee.unknown"})
                    self.spent.add(worker.login)
                else:
                    self.counts[f"assigned to {worker.login}"] += 1
                    return worker
        raise Refused(f"POST {path}", 422, {"code": "assignee.unknown"})

    def _fitting(self, category: Any) -> Iterator[Player]:
        """Members with a skill that the category asks for; nobody for what is confidential."""
        wanted = set(category["skills"]) if category else set()
        if category and category["sensitive"]:
            return
        for member in self.members:
            if member.login not in self.spent and (not wanted or wanted & member.skills):
                yield member

    def _may_try_another(self, refused: Refused, codes: set[str]) -> None:
        if refused.code not in codes:
            raise refused
        self.detours[refused.code] += 1

    def _work(self, order_id: int, handler: Player, category: Any, key: str) -> None:
        path = f"/orders/{order_id}"
        # A home visit starts with the code that the resident's phone shows; a caller's shows none.
        if not (category and category["home_visit"]):
            self.api.post(f"{path}/start", handler.token, {}, f"{key}-start")
        body: dict[str, Any] = {"note": "到现场处理完毕，已恢复整洁。", "minutes_spent": 30}
        if category and category["needs_photo"] == "after":
            picture = _picture(zlib.crc32(key.encode()))
            body["photo_ids"] = [self.api.upload(handler.token, picture, f"{key}-photo")]
            self.counts["with a picture"] += 1
        self.api.post(f"{path}/complete", handler.token, body, f"{key}-complete")
        self.counts["completed"] += 1
        if category and category["check_before_answer"]:
            check = {"passed": True}
            self.api.post(f"{path}/check", self.dispatcher.token, check, f"{key}-check")

    def _settle(self, order_id: int, resident: Player | None, key: str) -> Any:
        path = f"/orders/{order_id}"
        if resident is not None:
            body: dict[str, Any] = {"solved": True, "satisfied": True, "stars": 5}
            self.counts["rated"] += 1
            return self.api.post(path + "/rate", resident.token, body, f"{key}-rate")
        body = {"outcome": "reached", "solved": True, "satisfied": True, "note": "电话回访"}
        self.counts["followed up"] += 1
        return self.api.post(path + "/follow_up", self.dispatcher.token, body, f"{key}-follow-up")


def _player(login: str, opened: Any) -> Player:
    person = opened["person"]
    roles = person["roles"]
    unit = roles[0]["unit"] if roles else person["home_unit"] or {"id": 0}
    skills = frozenset(person["skills"])
    return Player(login, person["id"], opened["access_token"], skills, unit["id"])


def _leaves(branches: list[Any]) -> Iterator[Any]:
    for branch in branches:
        yield from _leaves(branch["children"]) if branch["children"] else [branch]


def _placing(row: dict[str, str], words: str, category: Any, unit_id: int) -> dict[str, Any]:
    """The unit is chosen, since Los Angeles lies outside every polygon of the demo."""
    body: dict[str, Any] = {
        "description": f"{row['address']}：{words}。",
        "unit_id": unit_id,
        "anonymous": row["anonymous"] == "Y",
    }
    if category:
        body["category_id"] = category["id"]
    if row["latitude"] and row["longitude"]:
        body["location"] = {
            "latitude": float(row["latitude"]),
            "longitude": float(row["longitude"]),
            "coordinate_system": "wgs84",
            "address": row["address"],
        }
    return body


def _picture(seed: int, width: int = 64, height: int = 48) -> bytes:
    """A small valid PNG, a different one for each seed."""
    pixels = b"".join(
        b"\0" + bytes((seed >> shift) + x * y & 255 for x in range(width) for shift in (0, 8, 16))
        for y in range(height)
    )
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(pixels)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


def _report(city: City, rows: int, seconds: float) -> Iterator[str]:
    yield f"\n{rows} rows in {seconds:.1f} s, {city.api.sent} requests, {city.api.lost} repeated"
    for name in STAGES:
        yield f"  {name:28} {city.counts[name]:5}"
    yield f"  {'refused':28} {len(city.failures):5}"
    yield from (f"    {failure}" for failure in city.failures)
    for code, times in sorted(city.detours.items()):
        yield f"  {'refused, went another way':28} {times:5}  {code}"


def main() -> int:
    """0 when every row has come to its close, else 1."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("file", type=Path, help="the CSV")
    parser.add_argument("--rows", type=int, default=200, help="how many of them (200)")
    parser.add_argument("--base", default="http://127.0.0.1:8000", help="the server's address")
    parser.add_argument(
        "--lose", type=int, default=0, metavar="N", help="treat each Nth answer as lost, and repeat"
    )
    given = parser.parse_args()
    with given.file.open(newline="", encoding="utf-8-sig") as file:
        rows = list(itertools.islice(csv.DictReader(file), given.rows))
    try:
        city = City(Api(given.base, given.lose), os.environ.get("DEMO_PASSWORD", "sandan-demo"))
    except (Refused, *NO_ANSWER) as broken:
        raise SystemExit(f"{given.base}: {broken}") from broken
    started = time.monotonic()
    for number, row in enumerate(rows, start=1):
        city.play(number, row)
        if number % 20 == 0 or number == len(rows):
            sys.stdout.write(f"{number:5} of {len(rows)}, {city.counts['closed']} closed\n")
            sys.stdout.flush()
    report = _report(city, len(rows), time.monotonic() - started)
    sys.stdout.write("\n".join(report) + "\n")
    return 0 if rows and city.counts["closed"] == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())

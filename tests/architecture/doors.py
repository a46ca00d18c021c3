"""The rules that are asked of the built app: who gets in, and which permissions there are."""

import re
from collections.abc import Iterable, Iterator, Mapping

from flask import Flask
from werkzeug.routing import Rule

Found = Iterator[str]


def open_doors(app: Flask, public: Iterable[str]) -> Found:
    """Each endpoint outside the list answers 401 to a stranger, whatever the method."""
    client = app.test_client()
    known = set(public)
    for rule in app.url_map.iter_rules():
        if rule.endpoint in known:
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            status = client.open(_address(rule), method=method).status_code
            if status != 401:
                yield f"{method} {rule.rule} ({rule.endpoint}): {status}"


def unknown_endpoints(app: Flask, public: Iterable[str]) -> Found:
    """Each name of the list is an endpoint that there is; a leftover would open a door later."""
    there = {rule.endpoint for rule in app.url_map.iter_rules()}
    yield from sorted(set(public) - there)


def undeclared(asked: Mapping[str, Iterable[str]], declared: Iterable[str]) -> Found:
    """Each permission that a place in the program asks for is declared by a room."""
    known = set(declared)
    for place, permissions in asked.items():
        yield from (f"{place}: {name}" for name in sorted(set(permissions) - known))


def _address(rule: Rule) -> str:
    values = dict.fromkeys(rule.arguments, "1")
    path = rule.rule
    for name in values:
        path = re.sub(rf"<(\w+:)?{name}>", values[name], path)
    return path

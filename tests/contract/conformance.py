"""Whether an answer keeps to the OpenAPI document: its status, its type, its headers, its body."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import jsonschema_rs
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

VERBS = ("get", "post", "put", "delete")


class Contract:
    """The document, and what it says of answers; kept with the app."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._views = dict(app.view_functions)
        self._validators: dict[int, Any] = {}

    @classmethod
    def of(cls, app: Flask) -> "Contract":
        """The app's one contract."""
        found: Contract = app.extensions.setdefault("contract", cls(app))
        return found

    @cached_property
    def document(self) -> dict[str, Any]:
        """What the app serves."""
        answer = FlaskClient(self.app, TestResponse).get("/api/v1/openapi.json")
        assert answer.status_code == 200
        return dict(answer.json or {})

    def operation(self, method: str, path: str) -> Mapping[str, Any] | None:
        """What the document says of a request; None where it is none of the API's, or the test's own."""
        try:
            rule, _ = self.app.url_map.bind("").match(path, method, return_rule=True)
        except HTTPException:
            return None
        if self.app.view_functions[rule.endpoint] is not self._views[rule.endpoint]:
            return None
        template = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        found: Mapping[str, Any] | None = (
            self.document["paths"].get(template, {}).get(method.lower())
        )
        return found

    def check(self, answer: TestResponse) -> None:
        """Raises AssertionError where the answer is none that the document knows."""
        method, path = answer.request.method, answer.request.path
        operation = self.operation(method, path)
        # A crash is in no contract; whoever provokes one looks at it himself.
        if operation is None or answer.status_code == 500:
            return
        about = f"{method} {path}: {answer.status_code}"
        assert str(answer.status_code) in operation["responses"], f"{about} is not documented"
        response = self.resolved(operation["responses"][str(answer.status_code)])
        for name, header in response.get("headers", {}).items():
            assert not header["required"] or name in answer.headers, f"{about} without {name}"
        self._check_body(about, response.get("content", {}), answer)

    def _check_body(self, about: str, content: Mapping[str, Any], answer: TestResponse) -> None:
        if not content:
            assert not answer.get_data(), f"{about} with a body"
            return
        if "*/*" in content:
            return
        kind = str(answer.mimetype)
        assert kind in content, f"{about} as {kind}"
        schema = content[kind]["schema"]
        if id(schema) not in self._validators:
            whole = {**schema, "components": self.document["components"]}
            self._validators[id(schema)] = jsonschema_rs.Draft202012Validator(
                whole, validate_formats=True
            )
        wrong = [
            f"{list(e.instance_path)}: {e.message}"
            for e in self._validators[id(schema)].iter_errors(answer.json)
        ]
        assert not wrong, f"{about}: {wrong}"

    def resolved(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """The node itself, or what it refers to."""
        while "$ref" in node:
            found: Any = self.document
            for step in node["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            node = found
        return node

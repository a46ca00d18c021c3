"""The OpenAPI document: valid, whole, in Chinese, and holding what clients were promised."""

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from app.identity.guard import PUBLIC_ENDPOINTS
from app.kernel.http import App
from tests.contract.conformance import VERBS, Contract
from tests.contract.promises import ACTIONS, ANSWERS, BODIES, PATHS, QUERIES
from tests.world import World

CHINESE = re.compile("[\u4e00-\u9fff]")

DRAFT = "https://json-schema.org/draft/2020-12/schema"
PROBLEM = {"type", "title", "status", "detail", "code", "request_id"}
# Lists that cannot be long: a few documents, a tree, who has left one phone, the five nearest, the
# twenty fittest, a dozen policies.
UNPAGED = (
    "GET /me/consents",
    "GET /categories",
    "POST /people/search",
    "GET /orders/nearby",
    "GET /orders/{}/candidates",
    "GET /deadlines/policies",
)


@pytest.fixture(scope="module")
def contract(whole_app: App) -> Contract:
    """The document as it is served."""
    with whole_app.app_context():
        found = Contract.of(whole_app)
        assert found.document
    return found


def short(path: str) -> str:
    """/api/v1/orders/{order_id} → /orders/{}."""
    return re.sub(r"{\w+}", "{}", path.removeprefix("/api/v1"))


@pytest.fixture(scope="module")
def operations(contract: Contract) -> dict[str, Mapping[str, Any]]:
    """All of them by verb and short path."""
    return {
        f"{verb.upper()} {short(path)}": {"shared": item.get("parameters", []), **item[verb]}
        for path, item in contract.document["paths"].items()
        for verb in VERBS
        if verb in item
    }


def test_it_is_valid(contract: Contract) -> None:
    """OpenAPI 3.1, each schema valid by itself, and nothing named that is not there."""
    document = contract.document
    wrong = [f"{e.instance_path}: {e.message}" for e in OPENAPI_31_VALIDATOR.iter_errors(document)]
    assert not wrong
    assert document["openapi"] == "3.1.0"
    for name, schema in document["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid({"$schema": DRAFT, **schema}), name
    for reference in references(document):
        assert contract.resolved({"$ref": reference})


def references(node: Any) -> Iterator[str]:
    """Every $ref in it."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_no_schema_is_left_over(contract: Contract) -> None:
    used = {name.rsplit("/", 1)[1] for name in references(contract.document)}
    assert set(contract.document["components"]["schemas"]) <= used


def test_every_view_is_in_it(whole_app: App, operations: Mapping[str, Any]) -> None:
    """No door without a description."""
    for rule in whole_app.url_map.iter_rules():
        if not rule.rule.startswith("/api/v1/") or rule.endpoint == "openapi":
            continue
        path = short(re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule))
        for verb in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            assert f"{verb} {path}" in operations


def test_every_operation_says_in_chinese_what_it_does(operations: Mapping[str, Any]) -> None:
    assert len(operations) > 130
    for name, operation in operations.items():
        assert CHINESE.search(operation["summary"]), name
        assert operation["summary"].endswith("。"), name
        assert operation["tags"], name


def test_every_operation_has_its_statuses(
    whole_app: App, contract: Contract, operations: Mapping[str, Any]
) -> None:
    """One success at least, the errors of all, and 401 for whoever is nobody."""
    for name, operation in operations.items():
        statuses = set(operation["responses"])
        assert any(status.startswith("2") for status in statuses), name
        assert {"400", "401", "403", "404", "409", "415", "422", "429", "503"} <= statuses, name
        assert statuses <= {
            *("200", "201", "204", "206", "304"),
            *("400", "401", "403", "404", "409", "412", "413", "415", "416", "422", "428", "429"),
            "503",
        }, name
        for status, response in operation["responses"].items():
            if status >= "400":
                content = contract.resolved(response)["content"]
                schema = contract.resolved(content["application/problem+json"]["schema"])
                assert set(schema["required"]) == PROBLEM, name
    public = {name for name, operation in operations.items() if operation["security"] == []}
    assert public == {
        "POST /sessions/wechat", "POST /sessions/password", "POST /sessions/refresh", "GET /files/{}",
    }  # fmt: skip
    api = {rule.endpoint for rule in whole_app.url_map.iter_rules() if "/api/v1/" in rule.rule}
    assert len(PUBLIC_ENDPOINTS & api - {"openapi"}) == len(public)


def test_the_headers_of_writes(operations: Mapping[str, Any]) -> None:
    """Placing needs a key, other POSTs take one; a PUT needs the version that was read."""
    for name, operation in operations.items():
        headers = {p["name"]: p["required"] for p in operation["parameters"] if p["in"] == "header"}
        if name == "POST /orders":
            assert headers == {"Idempotency-Key": True}
        elif name.startswith("PUT ") and name != "PUT /me/password":
            assert headers == {"If-Match": True}, name
        elif name.startswith("POST "):
            assert headers in ({}, {"Idempotency-Key": False}), name
        else:
            assert headers == {}, name
    for action in ACTIONS:
        assert operations[f"POST /orders/{{}}/{action}"]["parameters"]
    # Nothing of these is kept.
    for name in (name for name in operations if re.search("/sessions/|/reveal|/export", name)):
        assert not operations[name]["parameters"], name


@pytest.mark.parametrize("name", PATHS)
def test_the_promised_paths_are_there(operations: Mapping[str, Any], name: str) -> None:
    assert name in operations


@pytest.mark.parametrize("path", QUERIES)
def test_the_promised_queries_are_taken(operations: Mapping[str, Any], path: str) -> None:
    taken = {p["name"] for p in operations[f"GET {path}"]["parameters"] if p["in"] == "query"}
    assert set(QUERIES[path].split()) <= taken


@pytest.mark.parametrize("name", BODIES)
def test_the_promised_bodies_are_taken(
    contract: Contract, operations: Mapping[str, Any], name: str
) -> None:
    (content,) = operations[name]["requestBody"]["content"].values()
    schema = contract.resolved(content["schema"])
    promised = {word.rstrip("!") for word in BODIES[name].split()}
    needed = {word.rstrip("!") for word in BODIES[name].split() if word.endswith("!")}
    assert promised <= set(schema["properties"])
    assert set(schema.get("required", ())) == needed
    # An unknown field is 422.
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("name", ANSWERS)
def test_the_promised_answers_are_given(
    contract: Contract, operations: Mapping[str, Any], name: str
) -> None:
    verb, path, *steps = name.split()
    schema = answer_of(contract, operations[f"{verb} {path}"])
    for step in steps:
        schema = inner(contract, schema["properties"][step])
    assert set(ANSWERS[name].split()) <= set(schema["required"])


def answer_of(contract: Contract, operation: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body of a success."""
    status = min(status for status in operation["responses"] if status.startswith("2"))
    content = contract.resolved(operation["responses"][status])["content"]
    return inner(contract, content["application/json"]["schema"])


def inner(contract: Contract, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """An object's schema, out of lists and of what may be null."""
    while "properties" not in schema:
        schema = contract.resolved(schema)
        if "items" in schema and "properties" not in schema:
            schema = schema["items"]
        elif "anyOf" in schema:
            schema = next(part for part in schema["anyOf"] if part.get("type") != "null")
    return schema


def test_every_list_has_pages(contract: Contract, operations: Mapping[str, Any]) -> None:
    """{"items": […], "next_cursor"}, 20 at a time and 100 at most."""
    for name, operation in operations.items():
        content = next(iter(operation["responses"].values())).get("content", {})
        if "application/json" not in content:
            continue
        schema = answer_of(contract, operation)
        assert schema.get("type") == "object", name
        if "items" not in schema["properties"]:
            continue
        assert set(schema["required"]) == {"items", "next_cursor"}, name
        if name not in UNPAGED:
            query = {p["name"]: p["schema"] for p in operation["parameters"]}
            assert "limit" in query, name
            limit = query["limit"]
            assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 100, 20), name


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (
            lambda d: d["components"]["schemas"]["orders.OneOrderOut"]["required"].append("x"),
            "'x'|\"x\"",
        ),
        (
            lambda d: d["components"]["schemas"]["orders.OneOrderOut"]["properties"].update(
                number={"type": "integer"}
            ),
            "number",
        ),
        (lambda d: d["paths"]["/api/v1/orders/{order_id}"]["get"]["responses"].pop("200"), "200"),
    ],
    ids=["a field is missing", "a type is wrong", "a status is unknown"],
)
def test_an_answer_that_breaks_the_contract_is_found(
    world: World, contract: Contract, spoil: Any, complaint: str
) -> None:
    """Every test client checks what it gets; this shows that the check bites."""
    order = world.order()["id"]
    answer = world.get("resident", f"/orders/{order}")
    contract.check(answer)
    strict = Contract(contract.app)
    strict.__dict__["document"] = copy.deepcopy(contract.document)
    strict.check(answer)
    strict = Contract(contract.app)
    strict.__dict__["document"] = copy.deepcopy(contract.document)
    spoil(strict.document)
    with pytest.raises(AssertionError, match=complaint):
        strict.check(answer)

"""The OpenAPI document and its page; errors and headers that all operations share are added here."""

import re
from typing import Any

import flask_smorest
import marshmallow
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_cls
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from flask import Flask, Response, jsonify, render_template

VERBS = ("get", "post", "put", "delete")
# The page loads everything from this host; img-src has data: because the bundle draws its icons inline.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ERRORS = {
    "400": "请求的格式不对，或缺少防重复编号",
    "401": "没有登录，或登录已过期",
    "403": "没有权限",
    "404": "没有找到，或无权查看",
    "409": "当前状态不允许",
    "412": "内容已被别人修改",
    "413": "内容太大",
    "415": "内容的类型不对",
    "422": "填写的内容不对",
    "428": "缺少版本号",
    "429": "操作太频繁",
    "503": "外部服务暂时不可用",
}
# Only an operation that names one of these errors in its own responses has it in the document.
_RARE_ERRORS = {"416": "没有这一段"}
# The headers that an answer with this status always has.
_HEADERS: dict[str, dict[str, dict[str, Any]]] = {
    "401": {"WWW-Authenticate": {"type": "string"}},
    "429": {"Retry-After": {"type": "integer", "minimum": 1}},
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "给人看的一句话"},
        "code": {"type": "string", "description": "给程序用的代码"},
        "errors": {"type": "object", "description": "逐项的错误"},
        "request_id": {"type": "string"},
    },
}


class Api(flask_smorest.Api):  # type: ignore[misc]  # smorest comes without types
    """flask-smorest's Api without its error handlers, because kernel/http.py handles all errors."""

    def _register_error_handlers(self, **_: Any) -> None:
        """Registers nothing: `http.frame` has registered the error handlers of the whole app."""


def _schema_name(schema: Any) -> str:
    """The name of a schema in the document, with its room: "orders.RevealIn".

    Two rooms may have schemas of the same name, so the name of the class alone is not enough.
    """
    cls: Any = resolve_schema_cls(schema)
    if isinstance(cls, str):
        return cls
    parts = cls.__module__.split(".")
    return f"{parts[1]}.{cls.__name__}" if len(parts) > 1 else cls.__name__


class _Converter(OpenAPIConverter):
    """Documents an enum field as a text, with only those words that the validators of the field accept."""

    def enum2properties(self, field: Any, **_: Any) -> dict[str, Any]:
        """The JSON schema of an enum field (its words) or of a constant (its one value); else {}."""
        if isinstance(field, marshmallow.fields.Constant):
            return {"const": field.constant}
        if not isinstance(field, marshmallow.fields.Enum):
            return {}
        words: list[str | None] = [member.value for member in field.enum if _admits(field, member)]
        return {"type": "string", "enum": [*words, None] if field.allow_none else words}


class _Plugin(MarshmallowPlugin):
    Converter = _Converter


def _admits(field: Any, value: Any) -> bool:
    try:
        for check in field.validators:
            check(value)
    except marshmallow.ValidationError:
        return False
    return True


def make_api(app: Flask) -> Api:
    """The API object on which blueprints are registered; `serve` shows its document."""
    app.config.update(
        API_TITLE="三单社区服务", API_VERSION="v1", OPENAPI_VERSION="3.1.0", OPENAPI_URL_PREFIX=None
    )
    plugin = _Plugin(schema_name_resolver=_schema_name)
    return Api(app, spec_kwargs={"marshmallow_plugin": plugin})


def _template(rule: str) -> str:
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule)


def _header(name: str, text: str, *, required: bool) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": text,
        "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    }


def _headers(status: str) -> dict[str, Any]:
    found = _HEADERS.get(status, {})
    return {name: {"required": True, "schema": schema} for name, schema in found.items()}


def _complete(operation: dict[str, Any], view: Any, *, verb: str, public: bool) -> None:
    responses = operation.setdefault("responses", {})
    responses.pop("default", None)
    for status in (*_ERRORS, *(_RARE_ERRORS.keys() & responses.keys())):
        responses[status] = {"$ref": f"#/components/responses/Problem{status}"}
    operation["responses"] = dict(sorted(responses.items()))
    operation["security"] = [] if public else [{"bearer": []}]
    repeatable = getattr(view, "repeatable", None)
    parameters = operation.setdefault("parameters", [])
    if repeatable:
        text = "防重复编号：同一编号的重复提交只办一次，保留 24 小时"
        parameters.append(_header("Idempotency-Key", text, required=repeatable == "required"))
    if verb == "put" and not getattr(view, "unversioned", False):
        parameters.append(_header("If-Match", '读到的版本，例如 "3"', required=True))


def document(app: Flask, api: Api, public: frozenset[str]) -> dict[str, Any]:
    """The whole OpenAPI 3.1 document as a dict.

    To what flask-smorest knows it adds the shared errors, the log-in, and the headers Idempotency-Key
    and If-Match. `public` are the endpoints that need no log-in.
    """
    found: dict[str, Any] = api.spec.to_dict()
    components = found.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _PROBLEM
    for unused in ("error_handler.ErrorSchema", "pagination.PaginationMetadataSchema"):
        components["schemas"].pop(unused)
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    components["responses"] = {
        f"Problem{status}": {"description": text, "content": content, "headers": _headers(status)}
        for status, text in (_ERRORS | _RARE_ERRORS).items()
    }
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    for rule in app.url_map.iter_rules():
        item = found["paths"].get(_template(rule.rule), {})
        for verb in VERBS:
            if verb in item and verb.upper() in (rule.methods or ()):
                view = app.view_functions[rule.endpoint]
                _complete(item[verb], view, verb=verb, public=rule.endpoint in public)
    return found


def serve(app: Flask, api: Api, public: frozenset[str]) -> None:
    """Adds two addresses: the document at `/api/v1/openapi.json`, and a page for it at `/api/docs`.

    The page loads nothing from other hosts.
    """
    finished: dict[str, Any] = {}

    def openapi() -> Response:
        if not finished:
            finished.update(document(app, api, public))
        return jsonify(finished)

    def page() -> Response:
        shown = Response(render_template("docs.html"))
        shown.headers["Content-Security-Policy"] = PAGE_POLICY
        return shown

    app.add_url_rule("/api/v1/openapi.json", "openapi", openapi)
    app.add_url_rule("/api/docs", "docs", page)

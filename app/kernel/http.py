"""The doors' common frame: transaction, guards, problem+json, ETags."""

import re
import uuid
from collections.abc import Callable, Mapping
from functools import wraps
from time import perf_counter
from typing import Any, Protocol, TypeVar

import flask_smorest
import marshmallow
import structlog
from flask import Flask, Request, Response, g, jsonify, request
from flask.json.provider import DefaultJSONProvider
from flask.typing import ResponseReturnValue
from sqlalchemy import insert
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter, IntegerConverter

from app.kernel.database import session, transaction
from app.kernel.errors import Invalid, PreconditionRequired, Refusal, Stale
from app.kernel.metrics import count_answer
from app.kernel.schema import CODES, Identifier, Moment, Schema, Text, check_storable

__all__ = [
    "App",
    "Blueprint",
    "Identifier",
    "Moment",
    "Schema",
    "Text",
    "check_version",
    "fetched",
    "network_first",
    "register_guard",
    "tag",
    "unversioned",
]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
PROBLEM = "application/problem+json"
# Of all requests but uploads, which have a limit of their own.
LARGEST_BODY = 4 * 2**20
_REQUEST_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)
View = TypeVar("View", bound=Callable[..., Any])


class Decorator(Protocol):
    """Leaves a view's type as it is."""

    def __call__(self, view: View, /) -> View: ...


log = structlog.get_logger("http")


class App(Flask):
    """Flask, with one transaction around guards, view and serialisation; it counts its answers."""

    def full_dispatch_request(self) -> Response:
        """Answers the request, refusals and crashes too, and counts the answer with its time."""
        began = perf_counter()
        response = super().full_dispatch_request()
        seconds = perf_counter() - began
        count_answer(request.method, request.endpoint, response.status_code, seconds)
        return response

    def dispatch_request(self) -> ResponseReturnValue:
        """Runs the request in its transaction; what a refusal must keep is written in a second one."""
        if request.routing_exception is not None:
            self.raise_routing_exception(request)
        if request.method == "OPTIONS" or request.endpoint in self.extensions["untouched"]:
            return super().dispatch_request()
        view = self.view_functions[str(request.endpoint)]
        try:
            self._fetch_first(getattr(view, "network_first", None))
            with transaction(writing=request.method not in SAFE_METHODS):
                self._run_guards()
                return self.make_response(super().dispatch_request())
        except Refusal as refusal:
            _keep(refusal)
            raise

    def _run_guards(self) -> None:
        for guard in self.extensions["guards"]:
            guard()

    def _fetch_first(self, fetch: Callable[[dict[str, Any]], Any] | None) -> None:
        """The network of a network-first view: after the guards, holding no transaction."""
        if fetch is None:
            return
        with transaction(writing=False):
            self._run_guards()
        is_form = request.mimetype == "multipart/form-data"
        body = {} if is_form else request.get_json(silent=True)
        g.fetched = fetch(body) if isinstance(body, dict) else None


def _keep(refusal: Refusal) -> None:
    if not refusal.refusal_rows:
        return
    with transaction():
        for row in refusal.refusal_rows:
            values = {
                column.key: getattr(row, column.key)
                for column in row.__mapper__.column_attrs
                if getattr(row, column.key) is not None
            }
            session.execute(insert(type(row)).values(values))


class _Json(DefaultJSONProvider):
    """Chinese as Chinese, fields in their order."""

    ensure_ascii = False
    sort_keys = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """As json's; nested past its reach is malformed like all that cannot be read."""
        try:
            return super().loads(s, **kwargs)
        except RecursionError as deep:
            raise ValueError("nested too deeply") from deep


class _PathNumber(IntegerConverter):
    """Numbers in paths; where none of 63 bits stands nothing is found, and no database is asked."""

    def to_python(self, value: str) -> int:
        """Whatever is longer than any id is the last number, which nothing has."""
        return int(value) if len(value) <= 18 else 2**63 - 1


class _PathWord(BaseConverter):
    """Names in paths; whatever no name of the program can be is not found."""

    regex = r"[A-Za-z0-9_.:-]{1,100}"


def register_guard(app: Flask, guard: Callable[[], None]) -> None:
    """Runs `guard()` inside the transaction before every view; raising refuses the request."""
    app.extensions.setdefault("guards", []).append(guard)


def network_first(fetch: Callable[[dict[str, Any]], Any]) -> Callable[[Any], Any]:
    """Marks a view whose outside call `fetch(body)` happens before its transaction; see `fetched`."""

    def mark(view: Any) -> Any:
        view.network_first = fetch
        return view

    return mark


def fetched() -> Any:
    """What the network-first call of this request answered."""
    return g.get("fetched")


def handed(read: Callable[[dict[str, Any]], Any]) -> Callable[[Callable[..., Any]], Any]:
    """Hands a network-first view what `read` has read before its transaction began."""

    def decorate(view: Callable[..., Any]) -> Callable[[], Any]:
        @wraps(view)
        def wrapped() -> Any:
            return view(fetched() or read({}))

        return wrapped

    return decorate


def tag(version: int) -> None:
    """Gives the answer its ETag."""
    g.version = version


def check_version(current: int) -> None:
    """If-Match against the object's version: missing 428, stale 412."""
    given = request.headers.get("If-Match")
    if given is None:
        raise PreconditionRequired("version.required", "缺少版本号，请重新打开后再保存。")
    if given.strip() != f'"{current}"':
        raise Stale("version.stale", "内容已被别人修改，请重新打开后再保存。")


def unversioned(view: View) -> View:
    """Marks a PUT that needs no If-Match, for the documentation."""
    view.unversioned = True  # type: ignore[attr-defined]  # read by the documentation
    return view


class _Parser(FlaskParser):
    """Refuses unknown fields in query strings as in bodies, and what cannot be kept anywhere."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": None, "query": marshmallow.RAISE, "path": None}

    def _raw_load_json(self, req: Request) -> Any:
        """No body is an empty one; what is not sent as JSON is 415, what cannot be read 400."""
        return req.get_json() if req.get_data(cache=True) else marshmallow.missing

    def pre_load(self, location_data: Any, **about: Any) -> Any:
        """Looks through everything before the schema takes it apart."""
        check_storable(location_data)
        return location_data


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # smorest comes without types
    """A room's blueprint: smorest's, with types."""

    ARGUMENTS_PARSER = _Parser()

    def get(self, rule: str, **options: Any) -> Decorator:
        """A view that reads."""
        return self._rule("GET", rule, options)

    def post(self, rule: str, **options: Any) -> Decorator:
        """A view that acts."""
        return self._rule("POST", rule, options)

    def put(self, rule: str, **options: Any) -> Decorator:
        """A view that replaces."""
        return self._rule("PUT", rule, options)

    def delete(self, rule: str, **options: Any) -> Decorator:
        """A view that deletes."""
        return self._rule("DELETE", rule, options)

    def _rule(self, method: str, rule: str, options: dict[str, Any]) -> Decorator:
        found: Decorator = self.route(rule, methods=[method], **options)
        return found

    def arguments(self, schema: Any, **options: Any) -> Decorator:
        """The body, or with `location="query"` the query string, checked by a schema."""
        # One for all requests: made anew for each it costs more than the check.
        made = schema() if isinstance(schema, type) else schema
        found: Decorator = super().arguments(made, **options)
        return found

    def response(self, status_code: int, schema: Any = None, **options: Any) -> Decorator:
        """What a success answers, dumped inside the transaction."""
        found: Decorator = super().response(status_code, schema, **options)
        return found

    def alt_response(self, status_code: int, *args: Any, **options: Any) -> Decorator:
        """A further answer, for the documentation."""
        found: Decorator = super().alt_response(status_code, *args, **options)
        return found


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    title: str | None = None,
    errors: Mapping[str, Any] | None = None,
    retry_after: int | None = None,
) -> Response:
    """The one body of all errors (RFC 9457)."""
    body: dict[str, Any] = {
        "type": f"/api/docs#{code}",
        "title": title or code,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": g.get("request_id", ""),
    }
    if errors:
        body["errors"] = errors
    response = jsonify(body)
    response.status_code = status
    response.content_type = PROBLEM
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


_HTTP_TEXTS = {
    400: ("request.malformed", "请求的格式不对。"),
    404: ("not_found", "没有找到，可能已被删除，或您无权查看。"),
    405: ("method.not_allowed", "这里不支持这种操作。"),
    413: ("file.too_large", "内容太大了。"),
    415: ("media_type.unsupported", "请求的类型不对。"),
    416: ("range.invalid", "请求的范围不对。"),
    429: ("rate.exceeded", "操作太频繁了，请稍后再试。"),
}


def _on_refusal(refusal: Refusal) -> Response:
    return problem(
        refusal.status,
        refusal.code,
        refusal.message,
        errors=refusal.errors,
        retry_after=refusal.retry_after,
    )


def _messages(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [text for value in node.values() for text in _messages(value)]
    if isinstance(node, list):
        return [text for value in node for text in _messages(value)]
    return [str(node)]


def shape_refusal(messages: Any) -> Invalid:
    """Field errors of the schemas as one refusal; a few of them have codes of their own."""
    texts = _messages(messages)
    code = next((CODES[text] for text in texts if text in CODES), "body.invalid")
    detail = texts[0] if len(texts) == 1 else "有些内容没有填对，请检查。"
    errors = messages if isinstance(messages, dict) else {"json": texts}
    inner = next(iter(errors.values())) if len(errors) == 1 else errors
    return Invalid(code, detail, errors=inner if isinstance(inner, dict) else errors)


def _on_http(error: HTTPException) -> Response:
    data = getattr(error, "data", None) or {}
    status = error.code or 500
    if status == 422 and "messages" in data:
        return _on_refusal(shape_refusal(data["messages"]))
    code, detail = _HTTP_TEXTS.get(status, (f"http.{status}", "请求没有成功，请稍后再试。"))
    response = problem(status, code, detail)
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After", "Content-Range"}:
            response.headers[name] = value
    return response


def _on_crash(error: Exception) -> Response:
    log.error("request.failed", path=request.path, exc_info=error)
    return problem(500, "server.error", "系统出错了，请稍后再试。")


def frame(app: App) -> None:
    """Installs error handlers, request ids and default headers."""
    app.extensions.setdefault("guards", [])
    app.extensions.setdefault("untouched", set())
    app.json = _Json(app)
    app.url_map.converters["int"] = _PathNumber
    app.url_map.converters["word"] = _PathWord
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.register_error_handler(Refusal, _on_refusal)
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(Exception, _on_crash)

    @app.before_request
    def _name_request() -> None:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def _finish(response: Response) -> Response:
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers["X-Request-Id"] = g.get("request_id", "")
        version = g.get("version")
        if version is not None and response.status_code < 300:
            response.headers["ETag"] = f'"{version}"'
        return response

"""The frame of every HTTP request: its transaction, its guards, its errors as problem+json, its ETag."""

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
from flask.typing import ResponseReturnValue
from sqlalchemy import insert
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import HTTPException

from app.kernel.database import session, transaction
from app.kernel.errors import Invalid, PreconditionRequired, Refusal, Stale
from app.kernel.metrics import count_answer
from app.kernel.reading import PathNumber, PathWord, RequestJson
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
# The largest body in bytes of a request that is no upload; uploads have a limit of their own.
LARGEST_BODY = 4 * 2**20
_REQUEST_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)
View = TypeVar("View", bound=Callable[..., Any])


class Decorator(Protocol):
    """A decorator that answers a view of the same type."""

    def __call__(self, view: View, /) -> View: ...


log = structlog.get_logger("http")


class App(Flask):
    """A Flask app that runs guards, view and serialisation of a request in one transaction.

    It counts its answers.
    """

    def full_dispatch_request(self) -> Response:
        """Answers the request, also with a refusal or a crash, and counts the answer with its time."""
        began = perf_counter()
        response = super().full_dispatch_request()
        seconds = perf_counter() - began
        count_answer(request.method, request.endpoint, response.status_code, seconds)
        return response

    def dispatch_request(self) -> ResponseReturnValue:
        """Runs the request in its transaction and answers the response.

        When the request is refused, its transaction is rolled back, and the `refusal_rows` of the
        refusal are inserted in a second one.
        """
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
        """Makes the outside call of a network-first view and keeps what it answers for `fetched`.

        The guards run before it in a transaction of their own; during the call there is none.
        """
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


def register_guard(app: Flask, guard: Callable[[], None]) -> None:
    """Lets `guard()` run in the transaction before every view; an error of it refuses the request."""
    app.extensions.setdefault("guards", []).append(guard)


def network_first(fetch: Callable[[dict[str, Any]], Any]) -> Callable[[Any], Any]:
    """Decorates a view that needs an answer of another system, for example of WeChat.

    `fetch(body)` is called before the transaction of the view begins; the view gets its result from
    `fetched`.
    """

    def mark(view: Any) -> Any:
        view.network_first = fetch
        return view

    return mark


def fetched() -> Any:
    """What `fetch` of a network-first view has answered; None when it was not called."""
    return g.get("fetched")


def handed(read: Callable[[dict[str, Any]], Any]) -> Callable[[Callable[..., Any]], Any]:
    """Decorates a network-first view: it is called with what was fetched before its transaction.

    When nothing was fetched, because the body was no JSON object, it is called with `read({})`, which
    refuses the request.
    """

    def decorate(view: Callable[..., Any]) -> Callable[[], Any]:
        @wraps(view)
        def wrapped() -> Any:
            return view(fetched() or read({}))

        return wrapped

    return decorate


def tag(version: int) -> None:
    """Gives the response of this request the header ETag with that version."""
    g.version = version


def check_version(current: int) -> None:
    """Compares the header If-Match of the request with the object's version.

    Raises PreconditionRequired `version.required` without the header, and Stale `version.stale` when it
    names another version.
    """
    given = request.headers.get("If-Match")
    if given is None:
        raise PreconditionRequired("version.required", "缺少版本号，请重新打开后再保存。")
    if given.strip() != f'"{current}"':
        raise Stale("version.stale", "内容已被别人修改，请重新打开后再保存。")


def unversioned(view: View) -> View:
    """Decorates a PUT view that needs no If-Match, so that the OpenAPI document does not ask for it."""
    view.unversioned = True  # type: ignore[attr-defined]  # read by the documentation
    return view


class _Parser(FlaskParser):
    """Reads the arguments of requests.

    It refuses unknown fields in query strings, as schemas do in bodies, and values that no database
    can store.
    """

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": None, "query": marshmallow.RAISE, "path": None}

    def _raw_load_json(self, req: Request) -> Any:
        """The body of a request; a request without a body is as good as one with {}.

        A body that is not declared as JSON is answered with 415, one that is no JSON with 400.
        """
        return req.get_json() if req.get_data(cache=True) else marshmallow.missing

    def pre_load(self, location_data: Any, **about: Any) -> Any:
        """Refuses values that no database can store, before the schema reads the fields."""
        check_storable(location_data)
        return location_data


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # smorest comes without types
    """The blueprint of a room: flask-smorest's, with types."""

    ARGUMENTS_PARSER = _Parser()

    def get(self, rule: str, **options: Any) -> Decorator:
        """Decorates the view that answers GET at this path."""
        return self._rule("GET", rule, options)

    def post(self, rule: str, **options: Any) -> Decorator:
        """Decorates the view that answers POST at this path."""
        return self._rule("POST", rule, options)

    def put(self, rule: str, **options: Any) -> Decorator:
        """Decorates the view that answers PUT at this path."""
        return self._rule("PUT", rule, options)

    def delete(self, rule: str, **options: Any) -> Decorator:
        """Decorates the view that answers DELETE at this path."""
        return self._rule("DELETE", rule, options)

    def _rule(self, method: str, rule: str, options: dict[str, Any]) -> Decorator:
        found: Decorator = self.route(rule, methods=[method], **options)
        return found

    def arguments(self, schema: Any, **options: Any) -> Decorator:
        """Decorates a view that takes the body as its argument, read and checked by the schema.

        With `location="query"` it is the query string.
        """
        # One for all requests: made anew for each it costs more than the check.
        made = schema() if isinstance(schema, type) else schema
        found: Decorator = super().arguments(made, **options)
        return found

    def response(self, status_code: int, schema: Any = None, **options: Any) -> Decorator:
        """Decorates a view whose result the schema turns into JSON, inside the transaction."""
        found: Decorator = super().response(status_code, schema, **options)
        return found

    def alt_response(self, status_code: int, *args: Any, **options: Any) -> Decorator:
        """Names a further response of the view for the OpenAPI document."""
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
    """The response to a request that failed, as RFC 9457 describes it.

    `errors` has a list of sentences for each wrong field; `retry_after` is in seconds.
    """
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
    """The Invalid that stands for the field errors of marshmallow.

    Its code is `body.invalid`, or the one that CODES has for the sentence of an error.
    """
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
    """Gives the app its error handlers, JSON, path converters, request ids and default headers."""
    app.extensions.setdefault("guards", [])
    app.extensions.setdefault("untouched", set())
    app.json = RequestJson(app)
    app.url_map.converters["int"] = PathNumber
    app.url_map.converters["word"] = PathWord
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

"""The whole program: which rooms there are, and what follows from what."""

import importlib
import importlib.util
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import structlog
from werkzeug.middleware.proxy_fix import ProxyFix

import config as configuration
from app.kernel import crypto, database, docs, http

ROOMS = (
    "organisation",
    "people",
    "identity",
    "files",
    "notifications",
    "categories",
    "orders",
)


def create_app(config: Mapping[str, Any] | None = None) -> http.App:
    """A Flask app with every room; `config` defaults to the environment's, checked."""
    app = http.App(__name__)
    app.config.update(configuration.load() if config is None else config)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # the default provider has it
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    app.extensions["keyring"] = crypto.read_keyring(app.config)
    http.frame(app)
    api = _api(app)
    for name in ROOMS:
        _furnish(app, api, name)
    database.connect(app)
    return app


def _part(room: str, part: str) -> ModuleType | None:
    name = f"app.{room}.{part}"
    if importlib.util.find_spec(f"app.{room}") is None or importlib.util.find_spec(name) is None:
        return None
    return importlib.import_module(name)


def _furnish(app: http.App, api: http.Api, room: str) -> None:
    permissions = app.extensions.setdefault("permissions", {})
    settings = app.extensions.setdefault("settings", {})
    messages = app.extensions.setdefault("messages", {})
    policy, states, views = (_part(room, part) for part in ("policy", "states", "api"))
    permissions.update(getattr(policy, "PERMISSIONS", {}))
    settings.update({s.key: s for s in getattr(states, "SETTINGS", ())})
    messages.update(getattr(_part(room, "messages") or states, "MESSAGES", {}))
    _part(room, "models")
    for blueprint in getattr(views, "BLUEPRINTS", None) or filter(None, [getattr(views, "blueprint", None)]):
        api.register_blueprint(blueprint)


def _api(app: http.App) -> http.Api:
    app.config.update(
        API_TITLE="三单社区服务", API_VERSION="v1", OPENAPI_VERSION="3.1.0", OPENAPI_URL_PREFIX=None
    )
    return http.Api(app)

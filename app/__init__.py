"""The whole program: which rooms there are, and what follows from what."""

import importlib
import importlib.util
from collections.abc import Mapping
from typing import Any

import config as configuration
from app.kernel import crypto, database, docs, health, http, logs
from app.kernel.events import listen

ROOMS = ("organisation", "people", "identity", "files", "notifications", "categories", "orders")


def create_app(config: Mapping[str, Any] | None = None) -> http.App:
    app = http.App(__name__)
    app.config.update(configuration.load() if config is None else config)
    logs.set_up(str(app.config["LOG_LEVEL"]))
    app.extensions["keyring"] = crypto.read_keyring(app.config)
    app.extensions["settings"] = {}
    app.extensions["messages"] = {}
    app.extensions["permissions"] = {}
    http.frame(app)
    importlib.import_module("app.identity.guard").guard(app)
    database.connect(app)
    api = http.make_api(app)
    for room in ROOMS:
        for part in ("policy", "states", "messages", "models", "api", "listeners", "commands", "jobs"):
            if importlib.util.find_spec(f"app.{room}.{part}") is None:
                continue
            m = importlib.import_module(f"app.{room}.{part}")
            app.extensions["permissions"].update(getattr(m, "PERMISSIONS", {}))
            app.extensions["messages"].update(getattr(m, "MESSAGES", {}))
            app.extensions["settings"].update({s.key: s for s in getattr(m, "SETTINGS", ())})
            if part == "api":
                for b in getattr(m, "BLUEPRINTS", None) or [m.blueprint]:
                    api.register_blueprint(b)
            if part == "listeners":
                for name, f in vars(m).items():
                    if callable(f) and getattr(f, "__module__", "") == m.__name__ and not name.startswith("_"):
                        listen(app, next(iter(f.__annotations__.values())), f)
    health.serve(app)
    docs.serve(app, api, importlib.import_module("app.identity.guard").PUBLIC_ENDPOINTS)
    return app

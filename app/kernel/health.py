"""Whether the program lives, whether it serves, and its figures."""

import ipaddress

from flask import Flask, Response, current_app, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.kernel.database import session
from app.kernel.errors import Unavailable, not_found

REQUESTS = Counter("http_requests_total", "Answers by endpoint and status", ["endpoint", "status"])
SECONDS = Histogram("http_request_seconds", "Time to answer by endpoint", ["endpoint"])


def _healthz() -> Response:
    return jsonify({"status": "ok"})


def _readyz() -> Response:
    try:
        session.execute(text("SELECT 1 FROM alembic_version"))
    except SQLAlchemyError as broken:
        raise Unavailable(
            "database.unavailable", "数据库暂时不可用，请稍后再试。", retry_after=5
        ) from broken
    return jsonify({"status": "ok"})


def _metrics() -> Response:
    allowed = str(current_app.config["METRICS_ALLOWED"]).split(",")
    address = ipaddress.ip_address(request.remote_addr or "0.0.0.0")  # noqa: S104  # never allowed
    if not any(address in ipaddress.ip_network(network) for network in allowed):
        raise not_found()
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def serve(app: Flask) -> None:
    """`/healthz`, `/readyz`, and `/metrics` for allowed addresses."""
    app.add_url_rule("/healthz", "healthz", _healthz)
    app.add_url_rule("/readyz", "readyz", _readyz)
    app.add_url_rule("/metrics", "metrics", _metrics)
    app.extensions["untouched"] |= {"healthz", "metrics", "static", "openapi", "docs"}

"""The addresses by which a monitor asks whether the program lives and serves, and reads its figures."""

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from flask import Flask, Response, current_app, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.kernel import heartbeat
from app.kernel.database import session, transaction
from app.kernel.errors import Unavailable, not_found

log = structlog.get_logger("health")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure for monitors, the same in every process because `read` takes it from the database.

    `read` answers None when there is no value at present; then the figure is left out.
    """

    name: str
    text: str
    read: Callable[[], float | None]


def figures() -> list[tuple[Figure, float]]:
    """Each figure that create_app has collected and that has a value now, with its value."""
    collected: Sequence[Figure] = current_app.extensions["figures"]
    values = [(figure, figure.read()) for figure in collected]
    return [(figure, value) for figure, value in values if value is not None]


def _healthz() -> Response:
    return jsonify({"status": "ok"})


def _readyz() -> Response:
    """Answers 200 when the database answers, and how many job processes live.

    Without job processes the answer is 200 too, because the web processes still serve; the work of the
    jobs waits.
    """
    try:
        session.execute(text("SELECT 1 FROM alembic_version"))
        alive, beat = heartbeat.count_living(), heartbeat.last_beat_seconds()
    except SQLAlchemyError as broken:
        raise Unavailable(
            "database.unavailable", "数据库暂时不可用，请稍后再试。", retry_after=5
        ) from broken
    return jsonify({"status": "ok", "jobs": {"alive": alive, "last_beat_seconds": beat}})


def _metrics() -> Response:
    allowed = str(current_app.config["METRICS_ALLOWED"]).split(",")
    address = ipaddress.ip_address(request.remote_addr or "0.0.0.0")  # noqa: S104  # never allowed
    if not any(address in ipaddress.ip_network(network) for network in allowed):
        raise not_found()
    found = generate_latest()
    try:
        with transaction(writing=False):
            found += generate_latest(_gauges())
    except SQLAlchemyError as broken:
        # The figures of this process are needed most when the database does not answer.
        log.warning("metrics.without_database", error=type(broken).__name__)
    return Response(found, content_type=CONTENT_TYPE_LATEST)


def _gauges() -> CollectorRegistry:
    registry = CollectorRegistry()
    for figure, value in figures():
        Gauge(figure.name, figure.text, registry=registry).set(value)
    rounds = Gauge("job_rounds", "Rounds by job", ["job"], registry=registry)
    failures = Gauge("job_failures", "Failed rounds by job", ["job"], registry=registry)
    for name, row in heartbeat.rounds_by_job().items():
        rounds.labels(name).set(row.rounds)
        failures.labels(name).set(row.failures)
    return registry


def serve(app: Flask) -> None:
    """Adds `/healthz` (the process lives), `/readyz` (it reaches its database) and `/metrics`.

    `/metrics` answers only to the networks of METRICS_ALLOWED; to others it is a 404.
    """
    app.add_url_rule("/healthz", "healthz", _healthz)
    app.add_url_rule("/readyz", "readyz", _readyz)
    app.add_url_rule("/metrics", "metrics", _metrics)
    app.extensions["untouched"] |= {"healthz", "metrics", "static", "openapi", "docs"}

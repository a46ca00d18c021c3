"""TEMP"""

import tomllib
from pathlib import Path

from sqlalchemy import select

from app.deadlines.models import DeadlinePolicy
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session


def seed_policies(actor: Actor) -> None:
    """TEMP"""
    raw = tomllib.loads((Path(__file__).parents[1] / "defaults" / "policies.toml").read_text())
    known = set(session.scalars(select(DeadlinePolicy.code)))
    for entry in raw["policy"]:
        if entry["code"] not in known:
            session.add(
                DeadlinePolicy(
                    code=entry["code"], name=entry["name"], stages=entry["stage"], created_at=now()
                )
            )
    session.flush()

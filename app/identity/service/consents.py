"""Consents: each answer, yes or no, is a row of its own."""

from app.identity.events import ConsentWithdrawn
from app.identity.models import Consent
from app.identity.states import CURRENT_VERSIONS, Document
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.errors import Conflict, Invalid
from app.kernel.events import announce
from app.people.queries import lock_person


def record_consent(actor: Actor, document: Document, version: int, *, granted: bool) -> Consent:
    """Notes the actor's answer to a document and returns it.

    A yes is possible to the current version only, a no to any version up to it. Raises Conflict
    `consent.outdated`, Invalid `consent.version_unknown`, NotFound `not_found`.
    """
    current = CURRENT_VERSIONS[document]
    if not 1 <= version <= current:
        raise Invalid("consent.version_unknown", "没有这个版本的说明，请重新打开后再试。")
    if granted and version != current:
        raise Conflict("consent.outdated", "这份说明已经更新，请阅读新的说明后再同意。")
    lock_person(actor.own_id)
    consent = Consent(
        person_id=actor.own_id, document=document, version=version, granted=granted, at=now()
    )
    session.add(consent)
    session.flush()
    if not granted:
        announce(ConsentWithdrawn(actor.own_id, document))
    return consent

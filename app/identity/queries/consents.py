"""Reads of consents: the last word counts, and only to the current version."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, ScalarSelect, Select, and_, bindparam, func, select

from app.identity.models import Consent
from app.identity.states import CURRENT_VERSIONS, NEEDED_BY_ALL, Document
from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.errors import Forbidden, not_found


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A document on which a person has said nothing yet; shown like a consent."""

    document: Document
    id: None = None
    version: None = None
    granted: bool = False
    at: None = None

    title = Consent.title
    current_version = Consent.current_version
    needed = Consent.needed


def consents_visible_to(actor: Actor) -> Select[Consent]:
    """The actor's own consents, old and new."""
    return select(Consent).where(Consent.person_id == actor.own_id)


def get_visible_consent(actor: Actor, consent_id: int) -> Consent:
    """One consent of the actor's own, else 404."""
    found = session.scalars(
        consents_visible_to(actor).where(Consent.id == consent_id)
    ).one_or_none()
    if found is None:
        raise not_found()
    return found


def own_consents(actor: Actor) -> list[Consent | Unanswered]:
    """The last word on every document, in their order."""
    latest = latest_consents(actor.own_id)
    return [latest.get(document) or Unanswered(document) for document in Document]


def latest_consents(person_id: int) -> dict[Document, Consent]:
    """The last word of a person on each document."""
    last = (
        select(func.max(Consent.id))
        .where(Consent.person_id == person_id)
        .group_by(Consent.document)
    )
    found = session.scalars(select(Consent).where(Consent.id.in_(last)))
    return {consent.document: consent for consent in found}


def _counts(document: Document, consent: Consent | None) -> bool:
    return consent is not None and consent.granted and consent.version == CURRENT_VERSIONS[document]


def consented(document: Document) -> ScalarSelect[bool]:
    """Whether the last word on the document is a yes to its current version, null without any.

    For a statement with the parameter `person_id`.
    """
    current = bindparam(None, type_=BigInteger, callable_=lambda: CURRENT_VERSIONS[document])
    return (
        select(and_(Consent.granted, Consent.version == current))
        .where(Consent.person_id == bindparam("person_id"), Consent.document == document)
        .order_by(Consent.id.desc())
        .limit(1)
        .scalar_subquery()
    )


_CONSENTED = {document: select(consented(document)) for document in Document}


def has_consent(person_id: int, document: Document) -> bool:
    """Whether the person's last word on the document is a yes to its current version."""
    return bool(session.scalar(_CONSENTED[document], {"person_id": person_id}))


def require_consent(person_id: int, document: Document) -> None:
    """Forbidden `consent.required` without a consent to the current version."""
    if not has_consent(person_id, document):
        raise Forbidden("consent.required", "请先阅读并同意《隐私政策》等说明，再继续办理。")


def needed_consents(person_id: int) -> list[Document]:
    """The documents that everyone must agree to and this person has not."""
    latest = latest_consents(person_id)
    return [document for document in NEEDED_BY_ALL if not _counts(document, latest.get(document))]

"""Reads of consents; the last answer counts, and only for the current version of a document."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, ScalarSelect, Select, and_, bindparam, func, select

from app.identity.models import Consent
from app.identity.states import CURRENT_VERSIONS, NEEDED_BY_ALL, Document
from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.errors import Forbidden, not_found


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A document to which a person has given no answer yet; it is shown like a Consent."""

    document: Document
    id: None = None
    version: None = None
    granted: bool = False
    at: None = None

    title = Consent.title
    current_version = Consent.current_version
    needed = Consent.needed


def consents_visible_to(actor: Actor) -> Select[Consent]:
    """Returns a statement for the actor's own consents, old and new."""
    return select(Consent).where(Consent.person_id == actor.own_id)


def get_visible_consent(actor: Actor, consent_id: int) -> Consent:
    """Returns one of the actor's own consents; raises NotFound `not_found`."""
    found = session.scalars(
        consents_visible_to(actor).where(Consent.id == consent_id)
    ).one_or_none()
    if found is None:
        raise not_found()
    return found


def own_consents(actor: Actor) -> list[Consent | Unanswered]:
    """Returns the actor's last answer to every document, or an Unanswered, in the order of `Document`."""
    latest = latest_consents(actor.own_id)
    return [latest.get(document) or Unanswered(document) for document in Document]


def latest_consents(person_id: int) -> dict[Document, Consent]:
    """Returns the person's last answer to each document that was answered."""
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
    """Returns an SQL expression: whether the last answer is a yes to the document's current version.

    It is null without an answer. The statement around it has the parameter `person_id`.
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
    """Returns whether the person's last answer is a yes to the document's current version."""
    return bool(session.scalar(_CONSENTED[document], {"person_id": person_id}))


def require_consent(person_id: int, document: Document) -> None:
    """Raises Forbidden `consent.required` unless `has_consent`."""
    if not has_consent(person_id, document):
        raise Forbidden("consent.required", "请先阅读并同意《隐私政策》等说明，再继续办理。")


def needed_consents(person_id: int) -> list[Document]:
    """Returns the documents to which every person must agree and this person has not agreed yet."""
    latest = latest_consents(person_id)
    return [document for document in NEEDED_BY_ALL if not _counts(document, latest.get(document))]

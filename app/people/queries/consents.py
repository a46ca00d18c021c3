"""Reads of consents; the last answer counts, and only for the current version of a document."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    exists,
    false,
    func,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.database.fast.among import among
from app.kernel.database.fast.rows import fetch, table_of
from app.kernel.errors import Forbidden, NotFound, not_found
from app.people.documents import VERSIONS, DocumentText, text_in_force
from app.people.models import Consent, Person, Registration
from app.people.states import NEEDED_BY_ALL, OPEN_REGISTRATIONS, Document, RegistrationStatus


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


def get_document(kind: str) -> DocumentText:
    """Returns the version of a document that is in force; raises NotFound `consent.document_unknown`."""
    if kind not in set(Document):
        raise NotFound("consent.document_unknown", "没有这份说明。")
    return text_in_force(Document(kind))


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


def _counts(consent: Consent | None) -> bool:
    return consent is not None and consent.granted and consent.version == consent.current_version


_PERSON = bindparam("person_id", type_=BigInteger)


def consented(
    document: Document, of: BindParameter[int] | ColumnElement[int] = _PERSON
) -> ScalarSelect[bool]:
    """Returns an SQL expression: whether the last answer is a yes to the document's current version.

    It is null without an answer. `of` is the person: a column of the statement around it, or by
    default its parameter `person_id`.
    """
    current = bindparam(None, type_=BigInteger, callable_=partial(VERSIONS.get, document))
    given = table_of(Consent).c
    return (
        select(and_(given.granted, given.version == current))
        .where(given.person_id == of, given.document == document)
        .order_by(given.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def ever_consented(person: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Returns the condition that the last answer to some document, in any version, is a yes."""
    given, later = aliased(Consent), aliased(Consent)
    overruled = exists().where(
        later.person_id == given.person_id, later.document == given.document, later.id > given.id
    )
    return exists().where(given.person_id == person, given.granted, ~overruled)


_CONSENTED = {document: select(consented(document)) for document in Document}


def has_consent(person_id: int, document: Document) -> bool:
    """Returns whether the person's last answer is a yes to the document's current version."""
    return bool(session.scalar(_CONSENTED[document], {"person_id": person_id}))


def has_refused(person_id: int, document: Document) -> bool:
    """Returns whether the person's last answer to the document, in any version, is a no."""
    answer = latest_consents(person_id).get(document)
    return answer is not None and not answer.granted


def require_consent(person_id: int, *documents: Document) -> None:
    """Raises Forbidden `consent.required` unless the person has agreed to all these documents."""
    missing = [document for document in documents if not has_consent(person_id, document)]
    if missing:
        raise Forbidden("consent.required", f"请本人先阅读并同意{titles(missing)}，再继续办理。")


def require_own_consent(actor: Actor) -> None:
    """Raises Forbidden `consent.required` where a resident has not agreed to the privacy notice.

    People who hold a role keep on with what they do; the consents of members are asked where they
    take something new.
    """
    if not actor.grants:
        require_consent(actor.own_id, Document.PRIVACY)


def titles(documents: Iterable[Document]) -> str:
    """Returns the titles of the documents as a sentence names them: 《隐私政策》《服务条款》."""
    return "".join(f"《{text_in_force(document).title}》" for document in documents)


def needed_consents(person_id: int) -> list[Document]:
    """Returns the documents that the person must still agree to.

    These are the documents for everybody, and for a member with an open registration also
    `party_membership`.
    """
    latest = latest_consents(person_id)
    needed = [*NEEDED_BY_ALL]
    as_member = exists().where(
        Registration.person_id == person_id,
        Registration.status.in_(OPEN_REGISTRATIONS),
        Registration.as_volunteer.is_(False),
    )
    if session.scalar(select(as_member)):
        needed.append(Document.PARTY_MEMBERSHIP)
    return [document for document in needed if not _counts(latest.get(document))]


_REPORTED, _PEOPLE = table_of(Registration).c, table_of(Person).c


def _lacks(document: Document) -> ColumnElement[bool]:
    return func.coalesce(consented(document, _REPORTED.person_id), false()).is_(False)


def serves_without_consent(
    of: BindParameter[int] | ColumnElement[int] = _PERSON,
) -> ColumnElement[bool]:
    """Returns the condition that a person is registered without the consents that this needs today.

    Such a person has registered before consents were asked, or the text has changed since, and gets
    no new order. A member needs `privacy` and `party_membership`, a volunteer `privacy` alone. `of` is
    as in `consented`.
    """
    return exists().where(
        _REPORTED.person_id == of,
        _REPORTED.status == RegistrationStatus.APPROVED,
        or_(
            _lacks(Document.PRIVACY),
            and_(_REPORTED.as_volunteer.is_(False), _lacks(Document.PARTY_MEMBERSHIP)),
        ),
    )


_UNCONSENTED = select(_PEOPLE.id).where(
    among(_PEOPLE.id, "ids"), serves_without_consent(_PEOPLE.id)
)


def without_consent(person_ids: Iterable[int]) -> set[int]:
    """Returns those of the people for whom `serves_without_consent` holds."""
    ids = list(person_ids)
    return {row.id for row in fetch(_UNCONSENTED, {"ids": ids})} if ids else set()

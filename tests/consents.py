"""People who have agreed, and people who may be approved."""

from app.kernel.actor import Actor
from app.people.documents import text_in_force
from app.people.queries import phone_of
from app.people.service import attach_verified_phone, record_consent
from app.people.states import Document

AS_MEMBER = (Document.PRIVACY, Document.PARTY_MEMBERSHIP)
_SYSTEM = Actor.system("tests")


def agree(person_id: int, *documents: Document) -> None:
    """The person says yes to the documents, in the versions of today."""
    for document in documents:
        record_consent(
            Actor(person_id, ""), document, text_in_force(document).version, granted=True
        )


def make_known(person_id: int) -> None:
    """What a member does before the registration: two consents, and a phone that WeChat verifies."""
    agree(person_id, *AS_MEMBER)
    phone = phone_of(person_id) or f"136{person_id % 10**8:08d}"
    attach_verified_phone(_SYSTEM, person_id, phone)

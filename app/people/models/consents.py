"""The table of consents."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Id, Model, Ref
from app.people.documents import text_in_force
from app.people.states import NEEDED_BY_ALL, Document


class Consent(Model):
    """One yes or no of a person to one version of a document.

    Rows are added, never changed; the last one for a document counts.
    """

    __tablename__ = "consents"
    __table_args__ = (Index("ix_consents_person_id", "person_id", "document", "id"),)

    id: Mapped[Id]
    person_id: Mapped[Ref] = mapped_column(ForeignKey("people.id"))
    document: Mapped[Document]
    version: Mapped[int]
    granted: Mapped[bool]
    at: Mapped[datetime]

    @property
    def title(self) -> str:
        """The document's Chinese name."""
        return text_in_force(self.document).title

    @property
    def current_version(self) -> int:
        """The version of the document that is in force today."""
        return text_in_force(self.document).version

    @property
    def needed(self) -> bool:
        """Whether every person must agree to the document."""
        return self.document in NEEDED_BY_ALL

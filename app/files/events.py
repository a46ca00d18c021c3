"""Events that files announces to the rooms above."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DocumentOpening:
    """Somebody opens the signed address of a document that the program made for its owner.

    A listener may raise NotFound to refuse. `subject` is a kind and an id.
    """

    owner_id: int
    subject: tuple[str, int]

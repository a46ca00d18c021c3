"""The table of categories: groups have no parent, leaves stand below a group."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.categories.initials import initials_of
from app.categories.states import OUTDOOR_RADIUS_M, NeedsPhoto, Urgency
from app.kernel.database import Id, Model, Ref


class Category(Model):
    """A category of orders with its rules; orders name leaves, not groups.

    `skills`: a handler needs one of them. `questions` are asked when an order is placed (see
    `questions.py`). `radius_m`, `stale_minutes`, `accept_minutes` and `pool_minutes` of None take
    the usual figures.
    """

    __tablename__ = "categories"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    parent_id: Mapped[Ref | None] = mapped_column(ForeignKey("categories.id"), index=True)
    # None: for all units; else only for the subtree of this unit.
    unit_id: Mapped[Ref | None] = mapped_column(ForeignKey("units.id"), index=True)
    sort: Mapped[int] = mapped_column(default=0)
    urgency: Mapped[Urgency] = mapped_column(default=Urgency.NORMAL)
    policy: Mapped[str] = mapped_column(default="ordinary_13710")
    # A handler needs one of these skills, not all.
    skills: Mapped[list[str]] = mapped_column(default=list)
    questions: Mapped[list[Any]] = mapped_column(default=list)
    needs_photo: Mapped[NeedsPhoto] = mapped_column(default=NeedsPhoto.NONE)
    check_before_answer: Mapped[bool] = mapped_column(default=False)
    green_channel: Mapped[bool] = mapped_column(default=False)
    public_place: Mapped[bool] = mapped_column(default=False)
    sensitive: Mapped[bool] = mapped_column(default=False)
    two_people: Mapped[bool] = mapped_column(default=False)
    vetted_only: Mapped[bool] = mapped_column(default=False)
    no_cash: Mapped[bool] = mapped_column(default=False)
    home_visit: Mapped[bool] = mapped_column(default=False)
    staff_only: Mapped[bool] = mapped_column(default=False)
    to_unit_above: Mapped[bool] = mapped_column(default=False)
    radius_m: Mapped[int | None]
    stale_minutes: Mapped[int | None]
    accept_minutes: Mapped[int | None]
    pool_minutes: Mapped[int | None]
    backstop_role: Mapped[str | None]
    resident_text: Mapped[str] = mapped_column(Text, default="")
    stop_message: Mapped[str] = mapped_column(Text, default="")
    retired_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    @property
    def is_group(self) -> bool:
        """Whether the category is a group, which only sorts the leaves."""
        return self.parent_id is None

    @property
    def initials(self) -> str:
        """The initials by which the category is found on a keyboard: "ldldd" for 路灯楼道灯."""
        return initials_of(self.name)

    @property
    def nearby_m(self) -> int:
        """The metres within which two orders may be about the same thing."""
        return OUTDOOR_RADIUS_M if self.radius_m is None else self.radius_m

    def serves(self, unit_path: str) -> bool:
        """Returns whether the unit with this path uses the category."""
        return self.unit_id is None or f"/{self.unit_id}/" in unit_path

    def change(self, values: dict[str, Any]) -> list[str]:
        """Sets the fields whose values differ and returns the names of these fields.

        `version` rises where any differ.
        """
        changed = [field for field, value in values.items() if getattr(self, field) != value]
        for field in changed:
            setattr(self, field, values[field])
        if changed:
            self.version += 1
        return changed

    def retire(self, at: datetime) -> None:
        """Closes the category for new orders at that moment; open orders keep its rules."""
        self.retired_at = at
        self.version += 1

    def restore(self) -> None:
        """Opens the category for new orders again."""
        self.retired_at = None
        self.version += 1

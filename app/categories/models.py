"""One row a category: groups without a parent, leaves below them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.categories.initials import initials_of
from app.categories.states import OUTDOOR_RADIUS_M, NeedsPhoto, Urgency
from app.kernel.database import Id, Model, Ref


class Category(Model):
    """What an order can be about, and the rules that follow from it."""

    __tablename__ = "categories"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    parent_id: Mapped[Ref | None] = mapped_column(ForeignKey("categories.id"), index=True)
    # None: everyone's; else only for the subtree of that unit.
    unit_id: Mapped[Ref | None] = mapped_column(ForeignKey("units.id"), index=True)
    sort: Mapped[int] = mapped_column(default=0)
    urgency: Mapped[Urgency] = mapped_column(default=Urgency.NORMAL)
    policy: Mapped[str] = mapped_column(default="ordinary_13710")
    # Any one of them is enough.
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
        """Groups only sort the leaves; orders name leaves."""
        return self.parent_id is None

    @property
    def initials(self) -> str:
        """What somebody types to find it: 路灯楼道灯 by "ldldd"."""
        return initials_of(self.name)

    @property
    def nearby_m(self) -> int:
        """Within how many metres two orders may be about the same thing."""
        return OUTDOOR_RADIUS_M if self.radius_m is None else self.radius_m

    def serves(self, unit_path: str) -> bool:
        """Whether a unit with that path uses it."""
        return self.unit_id is None or f"/{self.unit_id}/" in unit_path

    def change(self, values: dict[str, Any]) -> list[str]:
        """Takes over the values and names the fields that differ."""
        changed = [field for field, value in values.items() if getattr(self, field) != value]
        for field in changed:
            setattr(self, field, values[field])
        if changed:
            self.version += 1
        return changed

    def retire(self, at: datetime) -> None:
        """No new orders; open ones keep its rules."""
        self.retired_at = at
        self.version += 1

    def restore(self) -> None:
        """Takes new orders again."""
        self.retired_at = None
        self.version += 1

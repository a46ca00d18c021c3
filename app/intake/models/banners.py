"""The tables of banners (公告): notices of a disturbance at a place, such as no water or no light."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Id, Model, Ref

_RUNNING = text("ended_at IS NULL")


class Banner(Model):
    """A notice for a place and all places in it, or without a place for the whole unit.

    `until` is the expected end of the disturbance. The banner itself ends at `ended_at`, when a
    person ends it.
    """

    __tablename__ = "intake_banners"
    __table_args__ = (
        Index(
            "ix_intake_banners_running",
            "unit_id",
            postgresql_where=_RUNNING,
            sqlite_where=_RUNNING,
        ),
    )

    id: Mapped[Id]
    unit_id: Mapped[Ref] = mapped_column(ForeignKey("units.id"))
    place_id: Mapped[Ref | None] = mapped_column(ForeignKey("places.id"), index=True)
    category_id: Mapped[Ref | None] = mapped_column(ForeignKey("categories.id"))
    text: Mapped[str]
    since: Mapped[datetime]
    until: Mapped[datetime]
    created_by_id: Mapped[Ref | None] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class BannerMeToo(Model):
    """我也是: a person who has met the disturbance too; each person counts once per banner.

    The row is deleted when the person is erased.
    """

    __tablename__ = "intake_banner_me_toos"
    __table_args__ = (UniqueConstraint("banner_id", "person_id"),)

    id: Mapped[Id]
    banner_id: Mapped[Ref] = mapped_column(ForeignKey("intake_banners.id"))
    person_id: Mapped[Ref] = mapped_column(ForeignKey("people.id"), index=True)
    at: Mapped[datetime]

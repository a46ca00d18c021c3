"""The tables of imports, exports and banners."""

from app.intake.models.banners import Banner, BannerMeToo
from app.intake.models.exporting import Export
from app.intake.models.importing import Import, ImportRow

__all__ = ["Banner", "BannerMeToo", "Export", "Import", "ImportRow"]

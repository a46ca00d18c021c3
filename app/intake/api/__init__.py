"""The endpoints of imports, exports, banners and callers, a module for each noun."""

from app.intake.api import banners, calling, exporting, importing

BLUEPRINTS = (importing.blueprint, exporting.blueprint, banners.blueprint, calling.blueprint)

"""The endpoints of imports, exports and banners, a module for each noun."""

from app.intake.api import banners, exporting, importing

BLUEPRINTS = (importing.blueprint, exporting.blueprint, banners.blueprint)

"""What comes in, goes out and is announced over HTTP, a file a noun."""

from app.intake.api import banners, exporting, importing

BLUEPRINTS = (importing.blueprint, exporting.blueprint, banners.blueprint)

"""Who gets in without a token, and which permissions there are, asked of the built app."""

from app.identity.guard import PUBLIC_ENDPOINTS
from app.kernel.http import App
from tests.architecture import doors, rules
from tests.architecture.source import python_files

# To open a door takes two changes: one in the guard's list, one here.
PUBLIC = {
    "docs",
    "files.show_file",
    "healthz",
    "metrics",
    "openapi",
    "readyz",
    "sessions.log_in_password",
    "sessions.log_in_wechat",
    "sessions.refresh",
    "static",
}


def test_the_public_list_is_this_one() -> None:
    """Literally."""
    assert set(PUBLIC_ENDPOINTS) == PUBLIC


def test_every_other_endpoint_is_guarded(app: App) -> None:
    """By asking each of them, with every method, as a stranger."""
    assert list(doors.open_doors(app, PUBLIC)) == []


def test_the_public_list_has_no_leftovers(app: App) -> None:
    """Each name is an endpoint that there is."""
    assert list(doors.unknown_endpoints(app, PUBLIC)) == []


def test_every_permission_that_is_asked_for_is_declared(app: App) -> None:
    """A slip of the pen would lock everybody out."""
    asked = {
        place: {name}
        for f in python_files("app", "config.py", "wsgi.py")
        for place, name in rules.asked_permissions(f)
    }
    assert asked
    assert list(doors.undeclared(asked, app.extensions["permissions"].texts)) == []

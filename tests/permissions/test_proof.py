"""Steps that cannot be taken back ask whoever may take them for a fresh proof of identity."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from app.identity.models import LoginSession
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.http import App
from app.kernel.proof import PROOF_LIFE
from tests.permissions.actors import ROLES, Cast, undone
from tests.permissions.cases import CASES
from tests.permissions.expected import EXPECTED
from tests.permissions.runner import ALLOWED, BARRED, Case, _Prober

SENSITIVE = {
    "me.delete_me",
    "me.attach_phone",
    "me.export_me",
    "me.enrol_totp",
    "me.confirm_totp",
    "me.remove_totp",
    "sessions.close_session",
    "accounts.open_account",
    "accounts.reset_account",
    "accounts.end_unit_sessions",
    "people.deactivate_person",
    "people.erase_person",
    "people.put_person",
    "roles.create_grant",
    "roles.delete_grant",
    "roles.define_role",
    "roles.end_unit_role",
    "exports.request_export",
    "reports.export_counted",
    "consents.record_consent",
}
_UNMASKED = {"unmasked": True, "reason": "上报"}
# Of these only the request with this in its body: what is not masked, a way to an erasure, and a phone.
AT_TIMES = {
    "exports.request_export": _UNMASKED,
    "reports.export_counted": _UNMASKED,
    "consents.record_consent": {"document": "privacy", "granted": False},
    "people.put_person": {"detail": {"phone": "13912340987"}},
}


def sensitive(case: Case) -> Case:
    """The same request, with what makes it a sensitive step."""
    body = case.body
    assert body is not None
    return replace(case, body=lambda call: body(call) | AT_TIMES[case.endpoint])


ASKED = [
    sensitive(case) if case.endpoint in AT_TIMES else case
    for case in CASES
    if case.endpoint in SENSITIVE and ALLOWED in EXPECTED[case.name][0]
]


def test_the_list_of_sensitive_endpoints(app: App) -> None:
    """An endpoint that is no longer marked is missed, a new one is named here and tested below."""
    marked = {
        name for name, view in app.view_functions.items() if getattr(view, "needs_proof", False)
    }
    assert marked == SENSITIVE
    assert {case.endpoint for case in ASKED} == SENSITIVE


def outcomes(cast: Cast, app: App, case: Case, age: timedelta) -> set[tuple[str, str]]:
    """Letters and codes for everybody whom the case lets in, with a proof of this age."""
    session.execute(update(LoginSession).values(proved_at=now() - age))
    session.commit()
    prober = _Prober(cast, app, case)
    row = zip(ROLES, EXPECTED[case.name][0], strict=True)
    with undone():
        values = case.arrange(cast.world)
        allowed = [role for role, letter in row if letter == ALLOWED]
        return {prober.probe(values, cast.key("own", role)) for role in allowed}


@pytest.mark.parametrize("case", ASKED, ids=lambda case: str(case.name))
def test_without_a_fresh_proof_nobody_takes_the_step(app: App, cast: Cast, case: Case) -> None:
    stale = outcomes(cast, app, case, PROOF_LIFE + timedelta(seconds=1))
    assert stale == {(BARRED, "proof.needed")}
    fresh = outcomes(cast, app, case, PROOF_LIFE - timedelta(minutes=1))
    assert {letter for letter, _ in fresh} == {ALLOWED}


def test_a_masked_export_needs_none(app: App, cast: Cast) -> None:
    for case in CASES:
        if case.name in AT_TIMES:
            old = outcomes(cast, app, case, PROOF_LIFE + timedelta(seconds=1))
            assert {letter for letter, _ in old} == {ALLOWED}, case.name

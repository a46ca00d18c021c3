"""Reads of the room, in one file for each noun."""

from app.people.queries.audits import page_of_audit
from app.people.queries.exports import export_of
from app.people.queries.limits import get_visible_limit, page_of_limits
from app.people.queries.persons import (
    address_of,
    audit_unit_of,
    get_person,
    get_visible_person,
    home_of,
    lock_person,
    masked_names,
    message_window_of,
    name_of,
    names_of,
    page_by_phone,
    page_of_people,
    phone_of,
    unit_paths_of,
)
from app.people.queries.registrations import (
    approved_registrations,
    approved_unit_paths,
    get_visible_registration,
    page_of_registrations,
    registrations_of,
)
from app.people.queries.roles import (
    get_role,
    get_visible_grant,
    grants_of,
    holders_of,
    holders_of_role,
    page_of_grants,
    page_of_roles,
    powers_of,
)

__all__ = [
    "address_of",
    "approved_registrations",
    "approved_unit_paths",
    "audit_unit_of",
    "export_of",
    "get_person",
    "get_role",
    "get_visible_grant",
    "get_visible_limit",
    "get_visible_person",
    "get_visible_registration",
    "grants_of",
    "holders_of",
    "holders_of_role",
    "home_of",
    "lock_person",
    "masked_names",
    "message_window_of",
    "name_of",
    "names_of",
    "page_by_phone",
    "page_of_audit",
    "page_of_grants",
    "page_of_limits",
    "page_of_people",
    "page_of_registrations",
    "page_of_roles",
    "phone_of",
    "powers_of",
    "registrations_of",
    "unit_paths_of",
]

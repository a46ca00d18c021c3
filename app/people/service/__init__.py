"""The verbs of the room, in one file for each noun."""

from app.people.service.closings import leave_closed_units
from app.people.service.departures import activate_person, deactivate_person, erase_person
from app.people.service.limits import (
    appeal_limit,
    block_offers,
    clear_offers_block,
    lift_limit,
    limit_person,
    uphold_limit,
)
from app.people.service.persons import (
    attach_verified_phone,
    create_person,
    edit_own,
    edit_person,
    set_away,
    set_green,
    withdraw_green,
)
from app.people.service.privacy import export_person, reveal_person, search_by_phone
from app.people.service.registrations import (
    approve_registration,
    decline_registration,
    end_registration,
    report_to_unit,
)
from app.people.service.roles import end_expired_grants, end_role, grant_role, seed_roles

__all__ = [
    "activate_person",
    "appeal_limit",
    "approve_registration",
    "attach_verified_phone",
    "block_offers",
    "clear_offers_block",
    "create_person",
    "deactivate_person",
    "decline_registration",
    "edit_own",
    "edit_person",
    "end_expired_grants",
    "end_registration",
    "end_role",
    "erase_person",
    "export_person",
    "grant_role",
    "leave_closed_units",
    "lift_limit",
    "limit_person",
    "report_to_unit",
    "reveal_person",
    "search_by_phone",
    "seed_roles",
    "set_away",
    "set_green",
    "uphold_limit",
    "withdraw_green",
]

"""The letters for `rules.py`; columns in the order of `rules.COLUMNS`."""

ALL, NONE = "++++++++++++", "............"
# n nobody  m member  v volunteer  b building leader  g grid worker  d duty  D dispatcher  L leader
# s street officer  o district officer  A admin  p provider
# ------- nmvbgdDLsoAp
RECEIVES = ".....+++++.."
DESK = "......++++.."
LEADS = ".......+++.."
HIGHER = "........++.."
SEES = "....++++++.."
CLAIMS = ".++........."
FOLLOWS_UP = "....+.++++.."
PERSONNEL = "......+++++."
REMOVES = ".......++++."
ENTERS = "...++++++++."
ADMIN = "..........+."
KEEPS_CALENDAR = ".........++."

_OWNER = {"requester": ALL, "placer": ALL}
_NOT_OWNER = {"requester": NONE, "placer": NONE}

ORDERS: dict[str, dict[str, str]] = {
    "orders.is_requester": {"": NONE, **_OWNER},
    "orders.is_holder": {"": NONE, "holder": ALL},
    "orders.is_holder:completed": {"": NONE},
    "orders.is_helper": {"": NONE, "helper": ALL},
    "orders.is_helper:completed": {"": NONE},
    "orders.is_staff_of": {"": SEES},
    "orders.is_staff_of:in the grid": {"": SEES, "@below": SEES},
    "orders.may_acknowledge": {"": RECEIVES},
    "orders.may_dispatch": {"": RECEIVES},
    "orders.may_manage": {"": DESK},
    "orders.may_settle": {"": SEES},
    "orders.may_settle:in the grid": {"": SEES, "@below": SEES},
    "orders.may_lead": {"": LEADS},
    "orders.may_reject": {"": DESK},
    "orders.may_handle": {"": NONE, "holder": ALL},
    "orders.may_handle:provider": {"": RECEIVES, "holder": ALL},
    "orders.may_claim": {"": CLAIMS, **_NOT_OWNER},
    "orders.may_claim:offered": {"": NONE, "offered": ALL},
    "orders.may_decline": {"": NONE, "offered": ALL},
    "orders.may_explain": {"": DESK, "holder": ALL},
    "orders.may_explain:completed": {"": DESK, "holder": ALL},
    "orders.may_explain:provider": {"": RECEIVES, "holder": ALL},
    "orders.may_resume": {"": DESK, "holder": ALL},
    "orders.may_rate": {"": NONE, **_OWNER},
    "orders.may_rate:held by oneself": {"": NONE, "placer": ALL},
    "orders.may_follow_up": {"": FOLLOWS_UP, "holder": NONE},
    "orders.may_follow_up:in the grid": {"": FOLLOWS_UP, "@below": FOLLOWS_UP, "holder": NONE},
    "orders.may_check": {"": DESK, "holder": NONE},
    "orders.may_reopen": {"": RECEIVES, **_OWNER},
    "orders.may_report_up": {"": DESK},
    "orders.may_supervise": {"": NONE, "@above": LEADS, "@root": LEADS},
    "orders.may_cancel": {"": NONE, **_OWNER},
    "orders.may_urge": {"": NONE, **_OWNER},
    "orders.may_not_come": {"": NONE, **_OWNER},
    "orders.may_answer": {"": NONE, **_OWNER},
    "orders.takes_part": {"": SEES, **_OWNER, "holder": ALL, "offered": ALL, "helper": ALL},
    "orders.may_extend": {"": DESK, "holder": ALL},
    "orders.may_suspend": {"": DESK, "holder": ALL},
    "orders.may_join": {"": ALL, **_NOT_OWNER},
    "orders.may_join:not public": {"": NONE},
    "orders.may_join:anonymous": {"": NONE},
    "orders.may_support": {"": NONE, "@below": CLAIMS, "@foreign": CLAIMS, **_NOT_OWNER},
    "orders.may_support:offered": {"": NONE},
    "orders.may_confirm_no_show": {"": DESK},
    "orders.may_never": {"": NONE, "system": "+"},
    "orders.may_system_or_dispatch": {"": DESK, "holder": ALL, "system": "+"},
    "orders.may_decide:here": {"": DESK, "self": NONE},
    "orders.may_decide:above": {"": NONE, "@above": RECEIVES, "@root": RECEIVES, "self": NONE},
    "orders.may_decide:at the neighbour": {
        "": NONE,
        "@above": RECEIVES,
        "@root": RECEIVES,
        "@foreign": RECEIVES,
        "self": NONE,
    },
    "orders.may_decide:countersigned": {
        "": NONE,
        "@above": LEADS,
        "@root": LEADS,
        "self": NONE,
    },
    "orders.may_see_contact": {"": RECEIVES, "holder": ALL, "helper": ALL},
    "orders.may_see_contact:anonymous": {"": DESK},
    "orders.may_see_contact:before": {"": RECEIVES},
    "orders.may_see_contact:completed": {"": RECEIVES, "holder": ALL},
    "orders.may_see_contact:closed": {"": RECEIVES},
    "orders.may_know_requester": {"": ALL, "system": "+"},
    "orders.may_know_requester:anonymous": {"": DESK, "system": "+"},
    "orders.may_see_unchecked": {"": SEES, **_OWNER},
}
_ANYWHERE = {"@below": ADMIN, "@foreign": ADMIN}
OTHERS: dict[str, dict[str, str]] = {
    "organisation.may_edit_unit": {"": ADMIN, "system": "+"},
    "organisation.may_edit_places": {"": ADMIN, "system": "+"},
    "organisation.may_edit_providers": {"": PERSONNEL, "system": "+"},
    "organisation.may_edit_phone_book": {"": PERSONNEL, "system": "+"},
    "organisation.may_edit_settings": {"": REMOVES, "system": "+"},
    "organisation.may_edit_units_somewhere": {"": ADMIN, **_ANYWHERE, "system": "+"},
    "organisation.may_edit_places_somewhere": {"": ADMIN, **_ANYWHERE, "system": "+"},
    "people.may_enter_person": {"": ENTERS, "system": "+"},
    "people.may_enter_person:member": {"": PERSONNEL, "system": "+"},
    "people.may_edit_person": {"": PERSONNEL, "system": "+"},
    "people.may_move_person": {"": PERSONNEL, "system": "+"},
    "people.may_remove_person": {"": REMOVES, "self": NONE, "system": "+"},
    "people.may_remove_person:of two units": {
        "": NONE,
        "@above": REMOVES,
        "@root": REMOVES,
        "self": NONE,
        "system": "+",
    },
    "people.may_remove_person:of none": {"": NONE, "system": "+"},
    "people.may_search_by_phone": {"": PERSONNEL},
    "people.may_reveal_person": {"": PERSONNEL},
    "people.may_lead": {"": LEADS, "system": "+"},
    "people.may_block_offers": {"": DESK, "system": "+"},
    "people.may_hear_appeal": {"": HIGHER, "self": NONE},
    "people.may_lift_limit": {"": LEADS},
    "people.may_decide_registration": {"": PERSONNEL, "self": NONE, "system": "+"},
    "people.may_end_registration": {"": PERSONNEL, "self": ALL, "system": "+"},
    "people.may_register_other": {"": PERSONNEL, "system": "+"},
    "people.may_grant": {"": LEADS, "system": "+"},
    "people.may_grant:administrator": {"": ADMIN, "system": "+"},
    "people.may_see_roles": {
        "": PERSONNEL,
        "@below": PERSONNEL,
        "@foreign": PERSONNEL,
        "system": "+",
    },
    "identity.may_edit_account": {"": ADMIN, "system": "+"},
    "identity.may_edit_account:of two units": {
        "": NONE,
        "@above": ADMIN,
        "@root": ADMIN,
        "system": "+",
    },
    "identity.may_edit_account:of none": {"": NONE, "system": "+"},
    "identity.holds_all": {"": DESK, "system": "+"},
    "identity.holds_all:of nothing": {
        "": ALL,
        "system": "+",
    },
    "files.may_judge_content": {"": RECEIVES, "system": "+"},
    "files.may_judge_content:loose": {"": NONE, "system": "+"},
    "dispatching.may_match": {"": RECEIVES},
    "dispatching.may_give_out": {"": RECEIVES},
    "dispatching.may_give_out:in the pool": {"": DESK},
    "intake.may_import": {"": DESK, "system": "+"},
    "intake.may_import_somewhere": {"": DESK, "@below": DESK, "@foreign": DESK, "system": "+"},
    "intake.may_export_somewhere": {"": DESK, "@below": DESK, "@foreign": DESK},
    "intake.may_open_somewhere": {"": RECEIVES, "@below": RECEIVES, "@foreign": RECEIVES},
    "intake.may_fetch_export:masked": {"": DESK, "@below": DESK, "@foreign": DESK},
    "intake.may_fetch_export:unmasked": {"": DESK, "@below": DESK, "@foreign": DESK},
    "intake.may_open_row": {"": RECEIVES},
    "intake.may_open_row:anonymous": {"": DESK},
    "intake.may_keep_banners": {"": RECEIVES, "system": "+"},
    "intake.may_fetch_rejected": {"": NONE, "self": ALL},
    "notifications.may_resend": {"": NONE, "@root": ADMIN, "system": "+"},
    "deadlines.may_see": {"": RECEIVES, "system": "+"},
    "deadlines.may_edit": {"": LEADS, "system": "+"},
    "deadlines.may_edit:everyone's": {"": NONE, "@root": LEADS, "system": "+"},
    "deadlines.may_edit_calendar": {
        "": KEEPS_CALENDAR,
        "@below": KEEPS_CALENDAR,
        "@foreign": KEEPS_CALENDAR,
        "system": "+",
    },
    "categories.may_edit_category": {"": ADMIN, "system": "+"},
    "categories.may_edit_category:everyone's": {"": NONE, "@root": ADMIN, "system": "+"},
}
ROWS = ORDERS | OTHERS

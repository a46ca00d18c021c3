"""Where the program still differs from the docs; whoever mends it takes the line away here."""

from tests.permissions.rule_rows import ALL, NONE, RECEIVES

# The duty person receives and gives out (docs: see, enter, acknowledge, dispatch, take, settle, amend);
# in the program everything that is the dispatcher's hangs on the same permission.
_DUTY_AS_DISPATCHER = (
    "orders.reassign",
    "orders.recall",
    "orders.reject",
    "orders.check",
    "orders.ask",
    "orders.report_up",
    "orders.transfer",
    "orders.split",
    "orders.merge",
    "orders.unmerge",
    "orders.confirm_no_show",
    "orders.suspend",
    "orders.resume",
    "orders.extend",
    "orders.agree:cancel",
    "orders.agree:extend",
    "orders.agree:suspend",
    "orders.agree:support",
    "orders.refuse:cancel",
)
_SEEING_STAFF = (
    "grid_worker",
    "duty",
    "dispatcher",
    "leader",
    "street_officer",
    "district_officer",
)

# Case, place, role, what the answer is today.
DOORS: set[tuple[str, str, str, str]] = {
    *((case, "own", "duty", "+") for case in _DUTY_AS_DISPATCHER),
    # Who it is from is for the dispatcher alone.
    ("orders.show:name of an anonymous", "own", "duty", "+"),
    ("orders.reveal:anonymous", "own", "duty", "+"),
    # Who sees the order is told that it is not there.
    *(("orders.still_not_solved", "own", role, ".") for role in ("requester", *_SEEING_STAFF)),
}

# The rows of the rules as they are today.
_DUTY_DISPATCHES = {"": RECEIVES}
_DUTY_HANDLES = {"": RECEIVES, "holder": ALL}
RULES: dict[str, dict[str, str]] = {
    "orders.may_reject": _DUTY_DISPATCHES,
    "orders.may_report_up": _DUTY_DISPATCHES,
    "orders.may_confirm_no_show": _DUTY_DISPATCHES,
    "orders.may_check": {"": RECEIVES, "holder": NONE},
    "orders.may_decide:here": {"": RECEIVES, "self": NONE},
    "orders.may_extend": _DUTY_HANDLES,
    "orders.may_suspend": _DUTY_HANDLES,
    "orders.may_resume": _DUTY_HANDLES,
    "orders.may_system_or_dispatch": {**_DUTY_HANDLES, "system": "+"},
    "orders.may_see_contact:anonymous": _DUTY_DISPATCHES,
    "orders.may_know_requester:anonymous": {"": RECEIVES, "system": "+"},
    "people.may_block_offers": {"": RECEIVES, "system": "+"},
}

# Bodies in which a foreign id is not answered as a missing one.
REFERENCES: set[str] = set()

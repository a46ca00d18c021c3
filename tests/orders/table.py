"""States and actions as literal rows, written from the page on orders and not from the program.

A column is a state. A cell says where the action may lead from there:

    .  the action may not start in this state
    s  submitted    d  dispatched   c  claimed     i  in_progress   u  suspended
    f  completed    x  closed       r  rejected    n  cancelled     m  merged

`sd` means: to submitted or to dispatched. The state's own letter means: the order stays there.
"""

from collections.abc import Mapping

from app.orders.ticket.states import Action, OrderStatus, Transition

LETTERS = {
    "s": OrderStatus.SUBMITTED,
    "d": OrderStatus.DISPATCHED,
    "c": OrderStatus.CLAIMED,
    "i": OrderStatus.IN_PROGRESS,
    "u": OrderStatus.SUSPENDED,
    "f": OrderStatus.COMPLETED,
    "x": OrderStatus.CLOSED,
    "r": OrderStatus.REJECTED,
    "n": OrderStatus.CANCELLED,
    "m": OrderStatus.MERGED,
}

# The rows of the page. `submit` starts from nothing. What needs an agreement (suspend, cancel,
# transfer, report_up) leaves the order where it is until somebody agrees. A call that reaches nobody
# leaves a completed order completed. The reopening of a merged order takes it apart.
PAGE = """
                  s    d    c    i    u    f    x    r    n    m
submit            .    .    .    .    .    .    .    .    .    .
acknowledge       s    d    .    .    .    .    .    .    .    .
settle            f    .    .    .    .    .    .    .    .    .
dispatch          dc   .    .    .    .    .    .    .    .    .
claim             .    c    .    .    .    .    .    .    .    .
decline           .    s    .    .    .    .    .    .    .    .
reassign          .    dc   dc   dc   dc   .    .    .    .    .
appoint           .    .    c    i    .    .    .    .    .    .
start             .    .    i    i    .    .    .    .    .    .
progress          .    .    i    i    .    .    .    .    .    .
lapse             .    sd   sd   .    .    .    .    .    .    .
recall            .    s    s    s    s    .    .    .    .    .
return            .    .    sd   sd   sd   .    .    .    .    .
suspend           .    .    cu   iu   .    .    .    .    .    .
resume            .    .    .    .    ci   .    .    .    .    .
complete          .    .    f    f    .    .    .    .    .    .
check             .    .    .    .    .    sfi  .    .    .    .
rate              .    .    .    .    .    sx   .    .    .    .
follow_up         .    .    .    .    .    sfx  sx   .    .    .
close_unanswered  .    .    .    .    .    x    .    .    .    .
reopen            .    .    .    .    .    .    s    s    .    s
report_up         s    d    c    i    .    .    .    .    .    .
supervise         s    d    c    i    u    .    .    .    .    .
transfer          s    d    .    .    .    .    .    .    .    .
split             s    d    c    i    u    .    .    .    .    .
amend             s    d    c    i    u    .    .    .    .    .
ask               s    d    .    .    .    .    .    .    .    .
extend            s    d    c    i    u    .    .    .    .    .
merge             m    m    m    m    m    .    .    .    .    .
unmerge           .    .    .    .    .    .    .    .    .    s
reject            r    .    .    .    .    .    .    .    .    .
cancel            n    n    cn   in   un   .    .    .    .    .
urge              s    d    c    i    u    .    .    .    .    .
not_come          .    .    c    i    .    .    .    .    .    .
comments          s    d    c    i    u    f    x    r    .    m
join              s    d    c    i    u    .    .    .    .    .
"""

# Where a row above says more than the row of the page, and why.
BEYOND = {
    "lapse": "The page's rules: what is claimed without a sign of life goes back to the pool; what "
    "was assigned or is confidential has no pool and goes to the desk.",
    "return": "What is confidential has no pool and goes to the desk.",
    "check": "The hands it was completed with may be gone by then; it goes to the desk.",
    "comments": "People still talk about what is done: a helper adds a word before the rating, a "
    "follower says that it is not solved, a unit that closes leaves a remark.",
}

# On the page, but not in the program: each gets its row here when it is built.
TO_COME = {"designate"}

# Rows that the page has not.
BESIDE = """
                  s    d    c    i    u    f    x    r    n    m
decide            s    .    .    .    .    .    .    .    .    .
gather            f    f    f    f    f    .    .    .    .    .
answer            s    d    .    .    .    .    .    .    .    .
plan              s    d    c    i    u    .    .    .    .    .
confirm_no_show   s    d    c    i    u    f    x    .    .    .
support           .    d    .    .    .    .    .    .    .    .
agree             sx   dsc  csun isun un   .    .    .    .    .
refuse            s    d    c    i    u    .    .    .    .    .
lapse_request     s    d    c    i    u    f    x    r    n    m
remind            s    d    c    i    u    f    .    .    .    m
release           .    sd   sd   sd   sd   .    .    .    .    .
erase             n    n    c    i    u    f    x    r    n    m
check_content     s    d    c    i    u    f    x    r    n    m
"""

REASONS = {
    "decide": "After the second 没解决 the order is submitted anew; the leader says: again, or asks "
    "for the countersignature, with which it closes.",
    "gather": "The parent, open, is completed with its last part.",
    "answer": "The resident's answer to `ask`, so from where `ask` starts.",
    "plan": "What takes longer than a month has a dated plan, as long as it is open.",
    "confirm_no_show": "Both sides are asked, which takes days; the order goes on meanwhile, up to "
    "its close.",
    "support": "Somebody from elsewhere asks for an order of the pool.",
    "agree": "Does what was asked for: a pause, a later date, a cancellation, another unit, a helper "
    "from elsewhere, the close that the leader decided on.",
    "refuse": "The order goes on as it is.",
    "lapse_request": "What nobody has answered in time is void, wherever the order has gone since.",
    "remind": "Somebody must act, or answer: not in what is settled.",
    "release": "The holder vanishes; what was offered or held goes to the pool, what was assigned or "
    "is confidential to the desk.",
    "erase": "The requester is erased: what nobody works on is withdrawn, the rest runs on.",
    "check_content": "Words and pictures are looked at whenever somebody comes to it.",
}

Cells = Mapping[OrderStatus, frozenset[OrderStatus]]
Rows = Mapping[Action, Cells]


def read_rows(text: str) -> dict[Action, dict[OrderStatus, frozenset[OrderStatus]]]:
    """The rows of a text: for each action the states it may start in, each with where it may lead."""
    head, *lines = [line.split() for line in text.strip().splitlines()]
    states = [LETTERS[letter] for letter in head]
    rows = {}
    for name, *cells in lines:
        pairs = zip(states, cells, strict=True)
        rows[Action(name)] = {
            state: frozenset(LETTERS[letter] for letter in cell)
            for state, cell in pairs
            if cell != "."
        }
    return rows


ROWS: Rows = read_rows(PAGE) | read_rows(BESIDE)


def differences(table: Mapping[Action, Transition]) -> list[str]:
    """Where the program's table is not what the rows say."""
    found = [f"{action}: no row" for action in sorted(table.keys() ^ ROWS.keys())]
    for action in table.keys() & ROWS.keys():
        cells, row = ROWS[action], table[action]
        found += [f"{action}: starts in {state}" for state in sorted(row.start ^ cells.keys())]
        found += [f"{action}: leads to {state}" for state in sorted(row.to ^ moves(action))]
    return sorted(found)


def moves(action: Action) -> frozenset[OrderStatus]:
    """The states to which the action moves an order from another state, or from none."""
    if action is Action.SUBMIT:
        return frozenset({OrderStatus.SUBMITTED})
    cells = ROWS[action].items()
    return frozenset(to for state, ends in cells for to in ends if to is not state)

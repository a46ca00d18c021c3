"""合并、会办、附议: orders that go together, and who hears of their outcome.

Locks: roots first, in the order of their ids, each judged before the next is locked; then what is
merged into them, which nobody holds while waiting for another order; then parts. A part's parent is
never waited for. So two of these verbs cannot wait for each other in a circle.
"""

from app.orders.service.joining import comment_order, still_not_solved
from app.orders.service.merging import (
    merge_order,
    outcome_hearers,
    release_root,
    unmerge,
    unmerge_order,
)
from app.orders.service.splitting import (
    cancel_children,
    check_parts,
    gather_parent,
    split_order,
)

__all__ = [
    "cancel_children",
    "check_parts",
    "comment_order",
    "gather_parent",
    "merge_order",
    "outcome_hearers",
    "release_root",
    "split_order",
    "still_not_solved",
    "unmerge",
    "unmerge_order",
]

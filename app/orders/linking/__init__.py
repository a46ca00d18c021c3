"""合并、会办、附议: orders that belong together.

Locks: roots first, in the order of their ids, each judged before the next is locked; then the orders
that are merged into them, which nobody holds while waiting for another order; then parts. A part's
parent is never waited for. So two of these verbs cannot wait for each other in a circle.
"""

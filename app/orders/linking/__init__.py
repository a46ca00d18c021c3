"""合并、会办、附议: orders that belong together.

Locks come in this order: first roots, by id, each checked before the next is locked; then the orders
merged into them, which no verb keeps locked while it waits for another order; then parts. No verb
waits for the parent of a part. So two of these verbs cannot wait for each other in a circle.
"""

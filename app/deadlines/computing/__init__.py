"""From facts, a policy and a calendar to dates and the steps of their ladders. Pure."""

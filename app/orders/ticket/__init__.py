"""The order itself: states, columns, history, policy, and what every verb needs."""

"""The order itself: its states, columns and acts, and what they mean for its deadlines."""

"""The order: its states, columns and acts, and the facts that its acts are for deadlines."""

"""Who may do what: every endpoint and every rule, for every role, in its community and elsewhere."""

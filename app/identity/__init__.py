"""Identity: log-in, sessions, the guard of every endpoint, accounts, consents."""

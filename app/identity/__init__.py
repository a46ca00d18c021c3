"""Who is who: log-in, sessions, the guard of every endpoint, consents."""

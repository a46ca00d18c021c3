"""Tests of log-in, sessions, the guard and consents."""

"""Tests of candidates, matchings and verbs for many."""

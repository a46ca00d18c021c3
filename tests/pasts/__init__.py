"""Tests of the pasts."""

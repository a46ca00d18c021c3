"""Tests of the categories."""

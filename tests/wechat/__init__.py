"""Tests of the border to WeChat."""

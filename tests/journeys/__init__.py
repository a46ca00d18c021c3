"""Whole stories, told over HTTP as their people would."""

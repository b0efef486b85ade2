"""Draws answers onto copies of videos."""

"""Plumbing that every package may use: a leaf that imports nothing of ours."""

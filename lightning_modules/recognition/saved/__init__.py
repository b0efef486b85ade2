"""Recognizers as files: built from stated settings, shared as folders and on the hub, described by a card."""

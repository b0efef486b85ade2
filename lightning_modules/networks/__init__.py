"""Plain torch networks; no Lightning, no data sets."""

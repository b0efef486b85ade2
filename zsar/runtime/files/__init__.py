"""Files: written atomically, checked before opening, and compared for identity."""

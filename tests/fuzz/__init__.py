"""Mutated videos and mutated text, read by all that reads them: only frames, rows or typed errors may come out."""

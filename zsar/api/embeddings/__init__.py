"""Stored embeddings of videos: embedding and storing them, and searching an archive by text."""

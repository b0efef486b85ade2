"""Stored frame embeddings of videos: files, and the data set that reads them in place of frames."""

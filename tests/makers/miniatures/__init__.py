"""The known data sets in miniature: a few classes, tiny videos, the official folders and annotation files."""

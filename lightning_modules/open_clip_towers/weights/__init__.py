"""Builds models from names and files, and fills them with weights."""

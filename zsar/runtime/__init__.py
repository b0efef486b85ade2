"""Basic tools for every package; imports nothing else of zsar."""

"""Choices that settings and options offer by name; nothing has to be imported to read them."""

"""Experiments: fragments and differences as one configuration."""

"""Experiments: combines fragments and differences into one configuration."""

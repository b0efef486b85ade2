"""Data sets of untrimmed videos, in which actions are found in time."""

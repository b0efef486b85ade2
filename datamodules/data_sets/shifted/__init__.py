"""Data sets that test under a distribution shift, a file each: of the videos of another set, or of its classes."""

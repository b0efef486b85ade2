"""The configurations that are shipped, and what the command line makes of them without running anything."""

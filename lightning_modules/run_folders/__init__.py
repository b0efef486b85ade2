"""Run folders: their names, their lock, what they hold, and the record of how each run was made."""

"""Run folders: their names, their lock, their contents, and the record of how each run was made."""

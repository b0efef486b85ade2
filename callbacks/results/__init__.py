"""The outputs of a run: results.json, prediction tables and detection files."""

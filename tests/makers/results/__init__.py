"""results.json files as runs leave them, and pictures of localization."""

"""Run folders to report on, and what a page shows."""

"""Test-time prompt tuning of one's own videos."""

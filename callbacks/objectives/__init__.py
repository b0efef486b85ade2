"""What test-time prompt tuning minimizes, on which views and frames, and in which order."""

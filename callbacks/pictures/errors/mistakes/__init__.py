"""Mistakes of a test: wrong and doubtful answers, shown with their videos."""

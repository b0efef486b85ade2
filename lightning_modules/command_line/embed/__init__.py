"""`zsar embed`."""

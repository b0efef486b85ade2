"""`zsar extract`."""

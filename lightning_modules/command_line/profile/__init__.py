"""`zsar profile`."""

"""`zsar search`."""

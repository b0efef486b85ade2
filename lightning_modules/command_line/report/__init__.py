"""`zsar report`."""

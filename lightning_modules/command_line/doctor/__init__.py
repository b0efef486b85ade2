"""`zsar doctor`."""

"""`zsar localize`."""

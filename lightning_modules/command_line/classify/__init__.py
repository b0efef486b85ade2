"""`zsar classify`."""

"""`zsar describe`."""

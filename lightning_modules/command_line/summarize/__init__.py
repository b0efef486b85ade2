"""`zsar summarize`."""

"""`zsar report`: a page about runs."""

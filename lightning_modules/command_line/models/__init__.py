"""`zsar models`: the architectures, what they cost, and which methods work on them."""

"""Plain, slow, independent restatements of what the packages do: the oracles of the tests."""

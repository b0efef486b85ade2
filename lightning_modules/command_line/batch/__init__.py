"""`zsar batch`: lists of commands, and sweeps."""

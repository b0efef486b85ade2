"""`zsar batch`: commands of a file, and sweeps."""

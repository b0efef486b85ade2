"""What is wrong with a data set: what `zsar doctor` looks at."""

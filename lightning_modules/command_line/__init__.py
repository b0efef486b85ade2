"""`zsar`: a file for each command, a folder where a command needs several. May import everything."""

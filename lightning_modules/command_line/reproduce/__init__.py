"""`zsar reproduce`: the tables of the papers, each row with the commands that run it."""

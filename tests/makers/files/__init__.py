"""Files that are given to readers: every text file of the user, broken ones and hostile ones."""

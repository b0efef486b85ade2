"""results.json files -> runs -> the rows of a summary."""

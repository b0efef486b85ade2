"""What a report says of runs: facts in plain types, without markup."""

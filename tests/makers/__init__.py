"""What tests work on, made on the spot: a room for each kind. No test imports another test; what two need is here."""

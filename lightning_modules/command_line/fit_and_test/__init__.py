"""`zsar fit`, `validate`, `test` and `predict`: LightningCLI with what every run has."""

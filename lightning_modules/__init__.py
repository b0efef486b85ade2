"""LightningModules that recognize actions by their names, and the `zsar` command line."""

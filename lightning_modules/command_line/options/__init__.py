"""The options of zsar's small commands: stated as dataclasses, parsed in one way."""

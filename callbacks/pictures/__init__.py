"""Pictures of what models did: frame-prompt scores, and actions found in time."""

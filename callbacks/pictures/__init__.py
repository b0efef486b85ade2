"""Pictures of model outputs: frame-prompt scores and temporal localization."""

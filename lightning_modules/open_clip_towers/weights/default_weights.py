"""The default architecture, and the default weights of an architecture."""

from __future__ import annotations

DEFAULT_ARCHITECTURE = "ViT-B-16-quickgelu"
"""The CLIP model that is used where none is named: ViT-B/16."""
OPENAI = "openai"
"""The usual weights: OpenAI's own release of CLIP."""

# Architectures without weights from OpenAI; the tags are open_clip's.
OTHER_DEFAULTS = {"coca_ViT-L-14": "mscoco_finetuned_laion2B-s13B-b90k"}


def default_weights(architecture: str) -> str | None:
    """The default weights of an architecture.

    Args:
        architecture: An architecture of open_clip, "hf-hub:..." or "local-dir:...".

    Returns:
        A tag of open_clip; None if the model includes its weights.
    """
    if brings_weights(architecture):
        return None
    return OTHER_DEFAULTS.get(architecture, OPENAI)


def brings_weights(architecture: str) -> bool:
    """Whether an architecture is a model from a hub or a folder, which includes its weights."""
    return architecture.startswith(("hf-hub:", "local-dir:"))

"""Documents that lie elsewhere in the repository and are pages of the documentation, too."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

COPIED = {
    "methods/clip.md": "lightning_modules/clip/README.md",
    "methods/bike.md": "lightning_modules/bike/README.md",
    "methods/open_vclip.md": "lightning_modules/open_vclip/README.md",
    "methods/taco.md": "lightning_modules/taco/README.md",
    "methods/t2l.md": "lightning_modules/t2l/README.md",
    "methods/ap_clip.md": "lightning_modules/ap_clip/README.md",
    "methods/t3al.md": "lightning_modules/t3al/README.md",
    "methods/prompt_tuning.md": "callbacks/prompt_tuning/README.md",
    "methods/confidence_memory.md": "callbacks/confidence_memory/README.md",
    "development/contributing.md": "CONTRIBUTING.md",
    "development/changelog.md": "CHANGELOG.md",
}
"""Page -> the document, from the root of the repository."""


def copied_pages() -> dict[str, str]:
    """The text of each page, as it is in the repository."""
    return {page: (ROOT / source).read_text(encoding="utf-8") for page, source in COPIED.items()}

"""The pages that nobody writes by hand: from parsers, signatures, docstrings, and documents of the repository."""

from __future__ import annotations

from docs.site.command_pages import commands_page
from docs.site.copied_pages import copied_pages
from docs.site.data_set_pages import data_sets_page
from docs.site.file_format_pages import file_formats_page
from docs.site.settings_pages import callbacks_page, data_modules_page, models_page


def generated_pages() -> dict[str, str]:
    """Each page, by its place in `docs/`, in Markdown."""
    return copied_pages() | {
        "reference/commands.md": commands_page(),
        "reference/models.md": models_page(),
        "reference/data_modules.md": data_modules_page(),
        "reference/callbacks.md": callbacks_page(),
        "reference/file_formats.md": file_formats_page(),
        "how_to/data_sets.md": data_sets_page(),
    }

"""`zsar models`: which architectures there are, what they cost, and which methods work on them."""

from __future__ import annotations

from zsar.lightning_modules.command_line.models.listed_architectures import listed_rows
from zsar.lightning_modules.command_line.models.model_page import page_of
from zsar.lightning_modules.command_line.models.model_table import print_architectures
from zsar.lightning_modules.command_line.models.models_options import ModelsOptions
from zsar.lightning_modules.command_line.models.stored_rows import installed_versions, table_of
from zsar.runtime.files.whole_files import write_json_whole, write_text_whole
from zsar.runtime.terminal import print_json, say


def run(options: ModelsOptions) -> int:
    """Runs the command.

    Args:
        options: The parsed command line.

    Returns:
        0; 1 if a method fails that does not refuse the model.

    Raises:
        ValueError: A name is none of an architecture, or --check needs more memory than there is.
        BackboneError: A JSON config cannot be read or built.
    """
    if options.check:
        from zsar.lightning_modules.command_line.models.checked_models import check_models

        return check_models(options)
    rows = listed_rows(options)
    for path in options.output:
        if path.suffix == ".json":
            write_json_whole(path, table_of(rows))
        else:
            write_text_whole(path, page_of(rows, installed_versions()))
    if options.printing.json:
        print_json(table_of(rows))
    else:
        print_architectures(rows)
    for path in options.output:
        say(f"wrote {path}", error=options.printing.json)
    return int(any("failed" in row.methods.values() for row in rows))

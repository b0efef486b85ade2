"""Which rows a command line means, and where they are from."""

import pytest

from zsar.lightning_modules.command_line.models import listed_architectures, stored_rows
from zsar.lightning_modules.command_line.models.listed_architectures import listed_rows, matching_names
from zsar.lightning_modules.command_line.models.models_options import COMMAND

NAMES = ("RN50", "ViT-B-16", "ViT-B-16-SigLIP", "ViT-B-32", "ViT-L-16-SigLIP2-512")


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ((), NAMES),
        (("vit-b-16",), ("ViT-B-16",)),  # a whole name, not its part of others
        (("ViT-B-16*",), ("ViT-B-16", "ViT-B-16-SigLIP")),
        (("siglip",), ("ViT-B-16-SigLIP", "ViT-L-16-SigLIP2-512")),
        (("siglip2", "rn50", "ViT-L*"), ("RN50", "ViT-L-16-SigLIP2-512")),  # each once, in the order of names
        (("*-32", "ViT-?-16"), ("ViT-B-16", "ViT-B-32")),
    ],
)
def test_names_are_whole_patterns_or_parts(patterns: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert matching_names(NAMES, patterns) == list(expected)


@pytest.mark.parametrize(("pattern", "said"), [("ViT-B-61", "did you mean ViT-B-16"), ("zzz", "lists all")])
def test_a_name_of_nothing_is_an_error(pattern: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        matching_names(NAMES, (pattern,))


def test_the_included_table_is_read_where_its_versions_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listed_architectures, "installed_versions", stored_rows.stored_versions)
    monkeypatch.setattr(listed_architectures, "computed_rows", lambda names: {name: None for name in names} and {})
    rows = listed_rows(COMMAND.parse(["ViT-B-16", "RN50"]))
    assert [row.name for row in rows] == ["RN50", "ViT-B-16"]
    with_t2l = listed_rows(COMMAND.parse(["ViT-B-16", "RN50", "--methods", "t2l", "--methods", "zero_shot"]))
    assert [row.name for row in with_t2l] == ["ViT-B-16"]


@pytest.mark.parametrize("arguments", [["tiny-clip"], ["tiny-clip", "--recompute"]])
def test_with_other_versions_or_when_asked_rows_are_computed(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []
    stored = stored_rows.stored_rows()

    def computed(names: list[str]) -> dict[str, object]:
        asked.extend(names)
        return {name: stored[name] for name in names}

    monkeypatch.setattr(listed_architectures, "computed_rows", computed)
    monkeypatch.setattr(listed_architectures, "_all_names", lambda: ("tiny-clip", "other"))
    monkeypatch.setattr(listed_architectures, "installed_versions", lambda: {"open_clip": "9.9.9", "timm": "1.2.3"})
    assert [row.name for row in listed_rows(COMMAND.parse(arguments))] == ["tiny-clip"]
    assert asked == ["tiny-clip"]
    said = capsys.readouterr().err
    assert ("open_clip 9.9.9 and timm 1.2.3 are installed" in said) == (len(arguments) == 1)


def test_a_json_config_is_always_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = stored_rows.stored_rows()["tiny-clip"]
    monkeypatch.setattr(listed_architectures, "installed_versions", stored_rows.stored_versions)
    monkeypatch.setattr(listed_architectures, "computed_rows", lambda names: dict.fromkeys(names, stored))
    assert len(listed_rows(COMMAND.parse(["own.json"]))) == 1
    assert len(listed_rows(COMMAND.parse(["RN50", "own.json"]))) == 2

from pathlib import Path

from lightning_modules.commands.class_names import read_class_names


def test_names_of_both_sources_come_once_and_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text("\ufeffswimming\n\n  playing chess \nsurfing\n", encoding="utf-8")
    assert read_class_names(" surfing, swimming,,", path) == ["surfing", "swimming", "playing chess"]
    assert read_class_names(None, path) == ["swimming", "playing chess", "surfing"]
    assert read_class_names(None, None) == []

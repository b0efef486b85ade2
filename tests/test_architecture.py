"""Who may import whom, as CONTRIBUTING.md says, and what else holds for the whole tree."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("zsar", "lightning_modules", "datamodules", "callbacks")
RUNTIME = "zsar.runtime"  # a leaf, open to all
COMPOSITION_ROOT = (
    "lightning_modules/command_line/cli.py",
    "lightning_modules/command_line/fit_and_test/lightning_cli.py",
    "lightning_modules/command_line/explained_errors.py",
    "lightning_modules/commands/",
)
MODULES = sorted(p.relative_to(ROOT).as_posix() for package in PACKAGES for p in (ROOT / package).rglob("*.py"))
OURS = (*PACKAGES, "tests", "benchmarks")


def imports_of(module: str) -> Iterator[str]:
    """Full names of everything a module imports, also within functions; type-checking imports are left out."""
    tree = ast.parse((ROOT / module).read_text())
    hidden = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            yield node.module or ""


def ours(module: str) -> set[str]:
    """What of ours a module imports, but for `zsar.runtime`, which is open to all."""
    imported = {name for name in imports_of(module) if name.split(".")[0] in OURS}
    return {name for name in imported if not name.startswith(RUNTIME)}


def under(*prefixes: str) -> list[str]:
    return [module for module in MODULES if module.startswith(prefixes)]


@pytest.mark.parametrize("module", under("zsar/"))
def test_the_runtime_is_a_leaf(module: str) -> None:
    assert ours(module) == set()


@pytest.mark.parametrize("module", under("datamodules/"))
def test_data_modules_import_nothing_of_ours_but_themselves(module: str) -> None:
    assert {name for name in ours(module) if not name.startswith("datamodules")} == set()


@pytest.mark.parametrize("module", [m for m in under("lightning_modules/") if not m.startswith(COMPOSITION_ROOT)])
def test_models_import_no_data_but_the_contract(module: str) -> None:
    foreign = {name for name in ours(module) if not name.startswith("lightning_modules")} - {"zsar.datamodules.batch"}
    # cli.py alone names what it dispatches to, in strings.
    assert foreign == set()


@pytest.mark.parametrize("module", under("callbacks/"))
def test_callbacks_import_models_and_the_contract(module: str) -> None:
    allowed = ("callbacks", "lightning_modules", "zsar.datamodules.batch")
    assert {name for name in ours(module) if not name.startswith(allowed)} == set()


@pytest.mark.parametrize("part", ["networks", "losses", "metrics"])
def test_networks_losses_and_metrics_stand_alone(part: str) -> None:
    for module in under(f"lightning_modules/{part}/"):
        assert {name for name in ours(module) if not name.startswith(f"lightning_modules.{part}")} == set(), module
        assert not any(name.startswith("lightning.") or name == "lightning" for name in imports_of(module)), module


@pytest.mark.parametrize(
    ("library", "users"),
    [
        (
            "av",
            {
                "datamodules/video_files/careful_decoding.py",
                "datamodules/video_files/counted_frames.py",
                "datamodules/video_files/decoding.py",
                "datamodules/video_files/writing/encoding.py",
                "datamodules/video_files/writing/frame_fitting.py",
                "datamodules/video_files/writing/mp4_writing.py",
                "datamodules/video_files/main_stream.py",
                "datamodules/video_files/player_clock.py",
                "datamodules/video_files/stream_decoder.py",
                "datamodules/video_files/timed_frames.py",
                "datamodules/video_files/video_file.py",
            },
        ),
        (
            "open_clip",
            {
                "lightning_modules/open_clip_towers/open_clip_backbone.py",
                "lightning_modules/open_clip_towers/open_clip_captions.py",
                "lightning_modules/open_clip_towers/open_clip_text.py",
                "lightning_modules/open_clip_towers/open_clip_weights.py",
                "lightning_modules/open_clip_towers/residual_block.py",
            },
        ),
    ],
)
def test_a_library_has_its_one_place(library: str, users: set[str]) -> None:
    found = {module for module in MODULES if any(name.split(".")[0] == library for name in imports_of(module))}
    assert found == users


PLAIN_RICH = {  # of rich, what takes no text of others, or hands it on to the console of terminal.py
    "rich.console": {"Console"},
    "rich.table": {"Column", "Table"},
    "rich.text": {"Text"},
    "rich.progress": {
        *("BarColumn", "MofNCompleteColumn", "Progress", "ProgressColumn", "Task"),
        *("TimeElapsedColumn", "TimeRemainingColumn"),
    },
}
AS_ANNOTATIONS = {"Console", "Text"}  # which are made in terminal.py alone


@pytest.mark.parametrize("module", [m for m in MODULES if m != "zsar/runtime/terminal.py"])
def test_nothing_reaches_the_terminal_but_by_the_one_way(module: str) -> None:
    of_rich = {name for name in imports_of(module) if name.split(".")[0] == "rich"}
    made = AS_ANNOTATIONS if of_rich else set()
    for node in ast.walk(ast.parse((ROOT / module).read_text())):
        if isinstance(node, ast.Import):
            assert not [alias.name for alias in node.names if alias.name.split(".")[0] == "rich"]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "rich":
            assert {alias.name for alias in node.names} <= PLAIN_RICH.get(node.module or "", set()), ast.unparse(node)
            assert not any(alias.asname for alias in node.names)
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"print", "input", *made}, f"line {node.lineno}: use zsar.runtime.terminal"
            assert not called.endswith((".status", "stdout.write", "stderr.write")), f"line {node.lineno}"
            if called == "Progress":
                assert any(keyword.arg == "console" for keyword in node.keywords), f"line {node.lineno}"
            of_console = {"markup", "emoji", "highlight"} & {keyword.arg for keyword in node.keywords}
            assert not (called.endswith(".print") and of_console), f"line {node.lineno}"


def test_a_data_set_is_known_to_no_model() -> None:
    names = ("moving_shapes", "video_folder", "kinetics", "hmdb", "ucf101", "ssv2", "thumos")
    for module in under("lightning_modules/"):
        if not module.startswith(COMPOSITION_ROOT):
            code = (ROOT / module).read_text().lower()
            assert not any(f"datamodules.{name}" in code for name in names), module


def test_no_file_has_a_name_that_says_nothing() -> None:
    vague = {"utils", "util", "helpers", "common", "misc", "base", "core"}
    assert [module for module in MODULES if Path(module).stem in vague] == []


def test_the_tests_mirror_the_packages() -> None:
    expected = []
    for module in MODULES:
        path = Path(module)
        if path.name in ("__init__.py", "__main__.py"):
            continue
        expected.append(f"tests/{path.parent.as_posix()}/test_{path.name}")
    missing = [test for test in expected if not (ROOT / test).is_file()]
    assert missing == []

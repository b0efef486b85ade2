"""Who may import whom, as CONTRIBUTING.md says, and what else holds for the whole tree."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from lightning.pytorch import Callback, LightningModule

from tests.makers.source_tree import METHODS, MODULES, PACKAGES, ROOT, under
from zsar.datamodules import data_sets

FOLDERS = sorted({Path(module).parent.as_posix() for module in MODULES})
TESTS = sorted(p.relative_to(ROOT).as_posix() for f in ("tests", "benchmarks") for p in (ROOT / f).rglob("*.py"))
DATA_SETS = ROOT / "datamodules" / "data_sets"

# The rooms of each package, from the ground up. A room may use those of the floors below it, and itself; rooms of one
# floor do not know each other. `zsar.runtime` is open to all.
FLOORS = {
    "datamodules": [
        ["class_identity"],
        ["batch"],
        ["samples"],
        ["class_text", "lists", "views"],
        ["video_files", "samplers"],
        ["settings"],
        ["video_files.writing", "clip_dataset", "untrimmed_frames", "trimmed_sets", "published_lists"],
        ["video", "rendering", "untrimmed_sets"],
        ["listed_videos", "untrimmed_video"],
        ["perturbed_videos"],
        ["data_sets", "diagnosis"],
    ],
    "lightning_modules": [
        ["tensor_files"],
        ["open_clip_towers", "run_folders"],
        ["training"],
        ["recognition", "localization"],
        ["clip", "t2l", "t3al"],
        ["ap_clip"],
        ["command_line"],
    ],
    "callbacks": [
        ["prompt_tuning", "dead_processes", "run_checkpoints", "undecodable_videos"],
        ["results", "stop_signals"],
        ["pictures"],
    ],
}
# What a package may use of the others; the composition root, which nothing imports, may use everything.
FOREIGN = {
    "zsar": [],
    "datamodules": [],
    "lightning_modules": ["zsar.datamodules.batch"],
    "callbacks": ["zsar.datamodules.batch", "zsar.lightning_modules"],
}
COMPOSITION_ROOT = "zsar.lightning_modules.command_line"

MOST_MODULES = 14  # of a folder; more of them are rooms of their own

MOST_LINES = 250  # of a module
LONGER = {  # those that are longer still, and how long they may be: they may only shrink
    "callbacks/results/result_manifest.py": 256,
    "datamodules/video_files/counted_frames.py": 342,
    "lightning_modules/command_line/classify.py": 287,
    "lightning_modules/command_line/describe/language_model.py": 266,
    "lightning_modules/command_line/experiments/experiment_files.py": 268,
    "lightning_modules/command_line/extract/extraction.py": 255,
    "lightning_modules/command_line/fit_and_test/lightning_cli.py": 305,
    "lightning_modules/command_line/localize/localize.py": 267,
    "lightning_modules/command_line/prepare.py": 265,
    "lightning_modules/recognition/recognizer.py": 258,
}

LIBRARIES = {  # who alone imports a library
    "av": ["datamodules/video_files/"],
    "open_clip": ["lightning_modules/open_clip_towers/"],
    "safetensors": ["lightning_modules/"],
    "matplotlib": ["callbacks/pictures/", "lightning_modules/command_line/picture.py"],
    "concurrent": ["zsar/runtime/processes/", "datamodules/video_files/unreadable_files.py"],  # the latter: threads
    "subprocess": [
        "zsar/runtime/code_version.py",
        "callbacks/dead_processes.py",
        "lightning_modules/command_line/batch/",
    ],
}

# What is done in one place: names that are used, as they are written, and who alone may.
PLUMBING = {
    r"os\.(replace|rename|renames|link)|shutil\.move|.*\.(rename|hardlink_to)": ["zsar/runtime/files/whole_files.py"],
    r"os\.fsync": ["zsar/runtime/files/whole_files.py", "zsar/runtime/files/journals.py"],
    r"(tempfile\.)?(mkstemp|mkdtemp|NamedTemporaryFile)": [],  # TemporaryDirectory is for what is not kept
    r"open for appending|os\.truncate": ["zsar/runtime/files/journals.py"],
    r".*(ProcessPoolExecutor|get_context|\.Process)|os\.fork": ["zsar/runtime/processes/"],
    r"os\._exit": ["zsar/runtime/processes/parent_watch.py", "callbacks/dead_processes.py"],
    r"PL_GLOBAL_SEED": ["zsar/runtime/run_seed.py"],
    r"torch\.cuda\.(synchronize|Event)": ["zsar/runtime/device_clock.py"],
}


def import_name(module: str) -> str:
    """Of "datamodules/batch.py", "zsar.datamodules.batch"."""
    dotted = module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return dotted if dotted.split(".")[0] == "zsar" else f"zsar.{dotted}"


NAMES = {import_name(module) for module in MODULES}


def imports_of(module: str) -> Iterator[str]:
    """Full names of everything a module imports, also within functions and for annotations alone."""
    for node in ast.walk(ast.parse((ROOT / module).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield submodule if submodule in NAMES else node.module or ""


def ours(module: str) -> set[str]:
    """What of ours a module imports."""
    return {name for name in imports_of(module) if name.split(".")[0] in ("zsar", *PACKAGES, "tests", "benchmarks")}


def within(name: str, parents: list[str]) -> bool:
    return any(name == parent or name.startswith(f"{parent}.") for parent in parents)


def room_and_floor(name: str) -> tuple[str, int]:
    """The room of a module, by its import name, and the floor that it is on; the most inner room that is listed."""
    package, _, rest = name.removeprefix("zsar.").partition(".")
    listed = {room: floor for floor, rooms in enumerate(FLOORS[package]) for room in rooms}
    found = max((room for room in listed if within(rest, [room])), key=len, default=None)
    assert found is not None, f"{name} is in no room of FLOORS; say there on which floor it is"
    return found, listed[found]


@pytest.mark.parametrize("module", MODULES)
def test_there_is_one_import_name(module: str) -> None:
    assert {name for name in ours(module) if name.split(".")[0] != "zsar"} == set()
    assert {name for name in ours(module) if name not in NAMES} == set(), "it is not there"


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_uses_what_it_may_of_the_others(package: str) -> None:
    open_to_all = ["zsar.runtime", *FOREIGN[package], *([] if package == "zsar" else [f"zsar.{package}"])]
    for module in under(f"{package}/"):
        if not within(import_name(module), [COMPOSITION_ROOT]) and module != "zsar/__main__.py":
            assert {name for name in ours(module) if not within(name, open_to_all)} == set(), module


def test_nothing_imports_the_composition_root() -> None:
    for module in MODULES:
        if not within(import_name(module), [COMPOSITION_ROOT]) and module != "zsar/__main__.py":
            assert {name for name in ours(module) if within(name, [COMPOSITION_ROOT])} == set(), module


@pytest.mark.parametrize("package", FLOORS)
def test_imports_run_down(package: str) -> None:
    up = []
    for module in under(f"{package}/"):
        if module == f"{package}/__init__.py" or within(import_name(module), [COMPOSITION_ROOT]):
            continue
        room, floor = room_and_floor(import_name(module))
        for name in ours(module):
            if within(name, [f"zsar.{package}"]) and name != f"zsar.{package}":
                other, below = room_and_floor(name)
                if other != room and below >= floor:
                    up.append(f"{module} imports {name}")
    assert up == []


def test_no_modules_import_each_other() -> None:
    """Not even by way of others: a module can be understood with those below it alone."""
    graph = {import_name(module): ours(module) for module in MODULES if not module.endswith("__init__.py")}
    done: set[str] = set()

    def follow(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, f"a circle: {' -> '.join((*path[path.index(name) :], name))}"
        if name not in done:
            for below in sorted(graph.get(name, ())):
                follow(below, (*path, name))
            done.add(name)

    for name in sorted(graph):
        follow(name, ())


@pytest.mark.parametrize("method", METHODS)
def test_a_method_uses_no_other(method: str) -> None:
    others = [f"zsar.lightning_modules.{other}" for other in METHODS if other != method]
    allowed = ["zsar.lightning_modules.clip"] if method == "ap_clip" else []
    for module in under(f"lightning_modules/{method}/"):
        assert {name for name in ours(module) if within(name, others) and not within(name, allowed)} == set(), module


def is_of_lightning(module: str) -> bool:
    """Whether a module defines a LightningModule, a LightningDataModule, a Callback, or a plugin of Lightning."""
    classes = [node for node in ast.parse((ROOT / module).read_text()).body if isinstance(node, ast.ClassDef)]
    lightning = ("LightningModule", "DataModule", "Callback", "ModelCheckpoint", "TorchCheckpointIO", "Recognizer")
    return any(ast.unparse(base).endswith(lightning) for c in classes for base in c.bases)


OF_METHODS = [
    module
    for folder in (*(f"lightning_modules/{method}/" for method in METHODS), "callbacks/prompt_tuning/")
    for module in under(folder)
    if not module.endswith("__init__.py")
]


@pytest.mark.parametrize("module", OF_METHODS)
def test_the_mathematics_of_a_method_needs_no_lightning(module: str) -> None:
    if not is_of_lightning(module):
        assert not any(name.split(".")[0] == "lightning" for name in imports_of(module)), module


@pytest.mark.slow
def test_a_method_without_its_lightning_module_runs_where_there_is_no_lightning() -> None:
    """Really imported, with all that it imports; what alone may fail defines a LightningModule or a Callback."""
    names = [import_name(module) for module in OF_METHODS]
    command = [sys.executable, "-m", "tests.makers.without_lightning", *names]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    failed = dict(line.split(": ", 1) for line in process.stdout.splitlines())
    assert process.returncode == 1, process.stderr
    kinds = (LightningModule, Callback)
    expected = set()
    for name in names:
        defined = [c for c in vars(import_module(name)).values() if isinstance(c, type) and c.__module__ == name]
        if any(issubclass(c, kinds) for c in defined):
            expected.add(name)
    assert failed.keys() == expected, failed


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_can_be_taken_in_at_a_glance(folder: str) -> None:
    modules = [module for module in MODULES if Path(module).parent.as_posix() == folder]
    named = [Path(module).stem for module in modules if not Path(module).stem.startswith("__")]
    assert len(named) <= MOST_MODULES, f"{folder} has {len(named)} modules: {', '.join(named)}; give some a room"


def test_a_module_holds_one_idea() -> None:
    lengths = {module: len((ROOT / module).read_text().splitlines()) for module in MODULES}
    long = {module: n for module, n in lengths.items() if n > LONGER.get(module, MOST_LINES)}
    assert long == {}, f"more than {MOST_LINES} lines, or than LONGER allows: split them by idea"
    done = [module for module in LONGER if lengths.get(module, 0) <= MOST_LINES]
    assert done == [], f"these have at most {MOST_LINES} lines by now: take them out of LONGER"


@pytest.mark.parametrize("module", [module for module in MODULES if module.endswith("__init__.py")])
def test_a_package_s_init_holds_nothing_but_public_names(module: str) -> None:
    body = ast.parse((ROOT / module).read_text()).body
    assert isinstance(body[0], ast.Expr), "its first line says what it is"
    for node in body[1:]:
        is_all = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        assert isinstance(node, ast.ImportFrom) or is_all, ast.unparse(node)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_has_its_one_place(library: str) -> None:
    users = [module for module in MODULES if library in {name.split(".")[0] for name in imports_of(module)}]
    assert users
    assert [user for user in users if not user.startswith(tuple(LIBRARIES[library]))] == []


def used_names(source: str) -> Iterator[str]:
    """Names that code uses, with their dots, and strings that are names."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name | ast.Attribute):
            yield ast.unparse(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            yield node.value
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "open":
            modes = [str(a.value) for a in node.args if isinstance(a, ast.Constant)]
            yield from ("open for appending" for mode in modes if mode.startswith("a"))


@pytest.mark.parametrize("pattern", PLUMBING)
def test_plumbing_has_its_one_place(pattern: str) -> None:
    for module in MODULES:
        if not module.startswith(tuple(PLUMBING[pattern])):
            found = [name for name in used_names((ROOT / module).read_text()) if re.fullmatch(pattern, name)]
            assert found == [], f"{module} uses {found[0]}; call what {PLUMBING[pattern]} has instead"


@pytest.mark.parametrize(
    ("code", "pattern"),
    [
        ("os.replace(a, b)", r"os\.replace"),
        ("path.rename(b)", r".*\.rename"),
        ("from concurrent.futures import ProcessPoolExecutor", r".*ProcessPoolExecutor"),
        ("context.Process(target=work)", r".*\.Process"),
        ("os.environ['PL_GLOBAL_SEED']", "PL_GLOBAL_SEED"),
        ("path.open('ab')", "open for appending"),
        ("open(path, 'a')", "open for appending"),
    ],
)
def test_the_rule_above_sees_the_ways_of_writing(code: str, pattern: str) -> None:
    assert any(re.fullmatch(pattern, name) for name in used_names(code))


PLAIN_RICH = {  # of rich, what takes no text of others, or hands it on to the console of terminal.py
    "rich.console": {"Console"},
    "rich.table": {"Column", "Table"},
    "rich.text": {"Text"},
    "rich.progress": {"ProgressColumn", "Task", "TimeElapsedColumn", "TimeRemainingColumn"},
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
            of_console = {"markup", "emoji", "highlight"} & {keyword.arg for keyword in node.keywords}
            assert not (called.endswith(".print") and of_console), f"line {node.lineno}"


def test_a_data_set_is_known_to_no_model() -> None:
    names = [name.lower() for name in data_sets.__all__] + [path.stem for path in (DATA_SETS).rglob("*.py")]
    for module in under("lightning_modules/"):
        if not module.startswith("lightning_modules/command_line/"):
            code = (ROOT / module).read_text().lower()
            assert not any(f"data_sets.{name}" in code for name in names), module


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


@pytest.mark.parametrize("test", TESTS)
def test_no_test_imports_another_test(test: str) -> None:
    """What two tests need is a maker or a fixture; a test may name itself to a process that it starts."""
    itself = test.removesuffix(".py").replace("/", ".")
    named = re.findall(r"\btests(?:\.\w+)*\.(?:test_\w+|conftest)\b", (ROOT / test).read_text())
    assert [name for name in named if name != itself] == [], "move what is shared to tests/makers"


@pytest.mark.parametrize("folder", sorted({Path(test).parent.as_posix() for test in TESTS if "/makers" in test}))
def test_a_room_of_makers_can_be_taken_in_at_a_glance(folder: str) -> None:
    makers = [Path(test).stem for test in TESTS if Path(test).parent.as_posix() == folder and "__" not in test]
    assert len(makers) <= MOST_MODULES, f"{folder} has {len(makers)} makers: {', '.join(makers)}; give some a room"
    assert folder == "tests/makers" or makers, f"{folder} is empty"
    if folder == "tests/makers":
        assert set(makers) <= {"source_tree", "documents", "without_lightning"}, "a maker lies in the room of its kind"

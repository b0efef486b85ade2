"""Who may import whom, as CONTRIBUTING.md says, and what else holds for the whole tree."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from lightning.pytorch import Callback, LightningModule

from tests.makers.source_tree import METHODS, MODULES, NAMES, PACKAGES, ROOT, import_name, imports_of, under
from zsar.datamodules import data_sets

FOLDERS = sorted({Path(module).parent.as_posix() for module in MODULES})
TESTS = sorted(p.relative_to(ROOT).as_posix() for f in ("tests", "benchmarks") for p in (ROOT / f).rglob("*.py"))
DATA_SETS = ROOT / "datamodules" / "data_sets"

# The rooms of each package, from the ground up. A room may use those of the floors below it, and itself; rooms of one
# floor do not know each other. `zsar.runtime` is open to all.
EXTEND_CLIP = ["ap_clip", "open_vclip", "taco"]  # methods that extend fine-tuned CLIP
FLOORS = {
    "datamodules": [
        ["choices", "class_identity", "stored_embeddings.tower_record"],
        ["batch"],
        ["samples"],
        ["class_text", "lists", "views"],
        ["video_files", "samplers", "stored_embeddings"],
        ["split_choices"],
        ["settings"],
        ["views.clip_pixels"],
        ["video_files.writing", "clip_dataset", "untrimmed_frames", "trimmed_sets", "published_lists"],
        ["stored_embeddings.embedded_sets", "rendering", "untrimmed_sets"],
        ["video"],
        ["listed_videos", "untrimmed_video"],
        ["data_sets", "diagnosis"],
    ],
    "lightning_modules": [
        ["tensor_files"],
        ["open_clip_towers", "run_folders"],
        ["training", "experiments"],
        ["recognition", "localization"],
        [method for method in METHODS if method not in EXTEND_CLIP],
        EXTEND_CLIP,
        ["command_line"],
    ],
    "callbacks": [
        ["adaptation_callback"],
        [
            "cost",
            "prompt_tuning",
            "dead_processes",
            "run_checkpoints",
            "set_progress",
            "undecodable_videos",
            "weight_mean",
        ],
        ["confidence_memory"],
        ["results", "stop_signals"],
        ["pictures", "tracking"],
    ],
}
# What a package may use of the others; the composition root, which nothing imports, may use everything.
FOREIGN = {
    "zsar": [],
    "datamodules": [],
    "lightning_modules": [
        "zsar.datamodules.batch",
        "zsar.datamodules.choices.geometry",
        "zsar.datamodules.choices.frame_pixels",
        "zsar.datamodules.choices.frame_statistics",
        "zsar.datamodules.stored_embeddings.tower_record",
    ],
    "callbacks": [
        "zsar.datamodules.batch",
        "zsar.datamodules.video_files.writing.encoding",  # pictures that move
        "zsar.lightning_modules",
    ],
}
COMPOSITION_ROOT = "zsar.lightning_modules.command_line"
API = "zsar.api"  # may use everything but the commands
ENTRANCES = ("zsar/__init__.py", "zsar/__main__.py")  # the public names, and `python -m zsar`

MOST_MODULES = 14  # of a folder; more of them are rooms of their own

MOST_LINES = 250  # of a module
LONGER = {  # those that are longer still, and how long they may be: they may only shrink
    "lightning_modules/command_line/describe/language_model.py": 266,
    "lightning_modules/experiments/experiment_files.py": 268,
    "lightning_modules/command_line/fit_and_test/lightning_cli.py": 293,
    "lightning_modules/recognition/recognizer.py": 254,
}

LIBRARIES = {  # who alone imports a library
    "fsspec": ["zsar/runtime/shards/remote_ranges.py"],
    "av": ["datamodules/video_files/"],
    "open_clip": ["lightning_modules/open_clip_towers/"],
    "timm": ["lightning_modules/open_clip_towers/"],
    "safetensors": ["lightning_modules/", "datamodules/stored_embeddings/"],
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
    r"os\.(replace|rename|renames|link)|Path\.replace|shutil\.move|.*\.(rename|hardlink_to)": [
        "zsar/runtime/files/whole_files.py"
    ],
    r"os\.fsync": ["zsar/runtime/files/whole_files.py", "zsar/runtime/files/journals.py"],
    r"(tempfile\.)?(mkstemp|mkdtemp|NamedTemporaryFile)": [],  # TemporaryDirectory is for what is not kept
    r"open for appending|os\.truncate": ["zsar/runtime/files/journals.py"],
    r".*(ProcessPoolExecutor|get_context|\.Process)|.*multiprocessing\.(Pool|pool|spawn)|os\.fork": [
        "zsar/runtime/processes/"
    ],
    r"os\.(system|popen|spawn\w*|exec\w*|posix_spawn\w*)": [],  # subprocess, and what may import it
    r"getppid|os\.getppid|.*prctl": ["zsar/runtime/processes/parent_watch.py"],
    r"__import__|importlib\.import_module": [
        f"{COMPOSITION_ROOT.replace('.', '/').removeprefix('zsar/')}/cli.py",
        "zsar/__init__.py",
    ],
    r"(importlib|pkgutil)\.resolve_name": [
        "lightning_modules/command_line/",
        "lightning_modules/recognition/saved/model_building.py",
        "zsar/runtime/permitted_classes.py",  # why a trusted module cannot be imported
    ],
    r"tqdm(\..*)?": [],  # progress is shown by zsar.runtime.terminal
    r"argparse\.ArgumentParser": ["lightning_modules/command_line/"],
    r"os\._exit": ["zsar/runtime/processes/parent_watch.py", "callbacks/dead_processes.py"],
    r"PL_GLOBAL_SEED": ["zsar/runtime/run_seed.py"],
    r"torch\.cuda\.(synchronize|Event)": ["zsar/runtime/device_clock.py"],
}


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
    where = "a folder with a README.md is a method's; of another room say in FLOORS on which floor it is"
    assert found is not None, f"{name} is in no room of FLOORS: {where}"
    return found, listed[found]


@pytest.mark.parametrize("module", MODULES)
def test_there_is_one_import_name(module: str) -> None:
    assert {name for name in ours(module) if name.split(".")[0] != "zsar"} == set(), "import it as zsar...."
    assert {name for name in ours(module) if name not in NAMES} == set(), "it is not there"
    assert not {"zsar", *(f"zsar.{package}" for package in PACKAGES)} & ours(module), "import the module that is meant"


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_uses_what_it_may_of_the_others(package: str) -> None:
    open_to_all = ["zsar.runtime", *FOREIGN[package], *([] if package == "zsar" else [f"zsar.{package}"])]
    for module in under(f"{package}/"):
        if not within(import_name(module), [COMPOSITION_ROOT, API]) and module not in ENTRANCES:
            foreign = {name for name in ours(module) if not within(name, open_to_all)}
            assert foreign == set(), f"{module} may import of ours only {', '.join(open_to_all)}"


def test_nothing_imports_the_composition_root() -> None:
    for module in MODULES:
        if not within(import_name(module), [COMPOSITION_ROOT]) and module != "zsar/__main__.py":
            upwards = {name for name in ours(module) if within(name, [COMPOSITION_ROOT])}
            assert upwards == set(), f"{module} imports a command; move what both need below {COMPOSITION_ROOT}"


def test_only_commands_and_the_public_names_use_the_api() -> None:
    for module in MODULES:
        if not within(import_name(module), [COMPOSITION_ROOT, API]) and module not in ENTRANCES:
            upwards = {name for name in ours(module) if within(name, [API])}
            assert upwards == set(), f"{module} imports the Python API; move what both need below {API}"


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
    assert up == [], "imports run down only (FLOORS): move what is imported to a lower room, or the module higher"


def test_no_modules_import_each_other() -> None:
    """Not even by way of others: a module can be understood with those below it alone."""
    graph = {import_name(module): ours(module) for module in MODULES}
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
    allowed = ["zsar.lightning_modules.clip"] if method in EXTEND_CLIP else []
    for module in under(f"lightning_modules/{method}/"):
        used = {name for name in ours(module) if within(name, others) and not within(name, allowed)}
        assert used == set(), f"{module} uses another method; move what both need to recognition/ or localization/"


def is_of_lightning(module: str) -> bool:
    """Whether a module defines a LightningModule, a LightningDataModule, a Callback, or a plugin of Lightning."""
    classes = [node for node in ast.parse((ROOT / module).read_text()).body if isinstance(node, ast.ClassDef)]
    lightning = ("LightningModule", "DataModule", "Callback", "ModelCheckpoint", "TorchCheckpointIO", "Recognizer")
    return any(ast.unparse(base).endswith(lightning) for c in classes for base in c.bases)


ADAPTATIONS = ("prompt_tuning", "confidence_memory")
OF_METHODS = [
    module
    for folder in (*(f"lightning_modules/{m}/" for m in METHODS), *(f"callbacks/{name}/" for name in ADAPTATIONS))
    for module in under(folder)
    if not module.endswith("__init__.py")
]


@pytest.mark.parametrize("module", OF_METHODS)
def test_the_mathematics_of_a_method_needs_no_lightning(module: str) -> None:
    if not is_of_lightning(module):
        of_lightning = [name for name in imports_of(module) if name.split(".")[0] == "lightning"]
        assert of_lightning == [], (
            f"{module} defines no LightningModule or Callback, so that it must not need Lightning"
        )


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


@pytest.mark.parametrize(
    "module", [module for module in MODULES if module.endswith("__init__.py") and module not in ENTRANCES]
)
def test_a_package_s_init_holds_nothing_but_public_names(module: str) -> None:
    body = ast.parse((ROOT / module).read_text()).body
    assert ast.get_docstring(ast.parse((ROOT / module).read_text())), f"{module}: its first line says what it is"
    imported: list[str] = []
    offered: list[str] = []
    for node in body[1:]:
        if isinstance(node, ast.ImportFrom):
            imported += [alias.asname or alias.name for alias in node.names]
        else:
            is_all = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
            assert is_all, f"{module} holds code: {ast.unparse(node)}; move it to a module"
            offered += ast.literal_eval(node.value)
    assert sorted(imported) == sorted(offered), f"{module} offers in __all__ what it imports, and nothing else"


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_has_its_one_place(library: str) -> None:
    users = [module for module in MODULES if library in {name.split(".")[0] for name in imports_of(module)}]
    assert users
    others = [user for user in users if not user.startswith(tuple(LIBRARIES[library]))]
    assert others == [], f"only {', '.join(LIBRARIES[library])} may import {library}; call what is there"


@cache
def used_names(source: str) -> tuple[str, ...]:
    """Names that code uses, with their dots, strings that are names, and what it does to files."""
    return tuple(_used_names(source))


def _used_names(source: str) -> Iterator[str]:
    tree = ast.parse(source)
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    modules = {alias.asname: alias.name for node in imports for alias in node.names if alias.asname}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            first, *rest = ast.unparse(node).split(".")
            yield ".".join((modules.get(first, first), *rest))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            yield node.value
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Call):
            yield from what_it_does_to_files(node)


def what_it_does_to_files(call: ast.Call) -> Iterator[str]:
    """Opening for appending and `Path.replace`, which no name tells from other calls."""
    called = ast.unparse(call.func).split(".")[-1]
    given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg in ("mode", "target"))]
    if called == "open" and any(
        isinstance(value, ast.Constant) and str(value.value).startswith("a") and len(str(value.value)) < 4
        for value in given
    ):
        yield "open for appending"
    if isinstance(call.func, ast.Attribute) and called == "replace" and len(given) == 1 and len(call.keywords) <= 1:
        keywords = {keyword.arg for keyword in call.keywords}
        if keywords <= {"target"} and ast.unparse(call.func.value) not in ("dataclasses", "copy"):
            yield "Path.replace"


@pytest.mark.parametrize("pattern", PLUMBING)
def test_plumbing_has_its_one_place(pattern: str) -> None:
    for module in MODULES:
        if not module.startswith(tuple(PLUMBING[pattern])):
            found = [name for name in used_names((ROOT / module).read_text()) if re.fullmatch(pattern, name)]
            instead = f"call what {', '.join(PLUMBING[pattern])} has" if PLUMBING[pattern] else "nothing here may"
            assert found == [], f"{module} uses {found[0]}: {instead}"


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
        ("path.open(mode='ab')", "open for appending"),
        ("path.replace(other)", r"Path\.replace"),
        ("path.replace(target=other)", r"Path\.replace"),
        ("import os as system; system.replace(a, b)", r"os\.replace"),
        ("from multiprocessing import Pool", r".*multiprocessing\.(Pool|pool|spawn)"),
        ("import tqdm", r"tqdm(\..*)?"),
    ],
)
def test_the_rule_above_sees_each_way(code: str, pattern: str) -> None:
    assert any(re.fullmatch(pattern, name) for name in used_names(code))


PLAIN_RICH = {  # of rich, what takes no text of others, or hands it on to the console of terminal.py
    "rich": {"box"},
    "rich.console": {"Console"},
    "rich.table": {"Column", "Table"},
    "rich.text": {"Text"},
    "rich.progress": {"ProgressColumn", "Task", "TimeElapsedColumn", "TimeRemainingColumn"},
}
STREAMS = ("stdout", "stderr", "__stdout__", "__stderr__")
AS_ANNOTATIONS = {"Console", "Text"}  # which are made in terminal.py alone


@pytest.mark.parametrize("code", ["name.replace('a', 'b')", "dataclasses.replace(settings, n=3)", "open(path)"])
def test_the_rule_above_leaves_other_calls_alone(code: str) -> None:
    assert {"open for appending", "Path.replace"}.isdisjoint(used_names(code))


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
            of_terminal = called in {"print", "input", *made}
            of_terminal |= called.endswith((".status", *(f"{s}.{w}" for s in STREAMS for w in ("write", "writelines"))))
            assert not of_terminal, f"{module}, line {node.lineno}: {called}; use zsar.runtime.terminal"
            of_console = {"markup", "emoji", "highlight"} & {keyword.arg for keyword in node.keywords}
            assert not (called.endswith(".print") and of_console), f"line {node.lineno}"


def test_a_data_set_is_known_to_no_model() -> None:
    """Neither its class nor its name is in the code; what documents and messages say is free."""
    stems = {path.stem for path in DATA_SETS.rglob("*.py")} - {"__init__"}
    names = {name.lower() for name in data_sets.__all__} | stems
    for module in under("lightning_modules/", "callbacks/"):
        if not module.startswith(("lightning_modules/command_line/", "lightning_modules/experiments/")):
            used = {name.lower().split(".")[-1]: name for name in used_names((ROOT / module).read_text())}
            known = [used[name] for name in names & set(used)]
            assert known == [], f"{module} knows the data set {known[0]}; make it a setting, or a field of the batch"


def test_no_file_has_a_name_that_says_nothing() -> None:
    vague = {"utils", "util", "helpers", "common", "misc", "base", "core"}
    named = [module for module in MODULES if Path(module).stem in vague]
    assert named == [], "name the file after what it computes"


def test_the_tests_mirror_the_packages() -> None:
    expected = []
    for module in MODULES:
        path = Path(module)
        if path.name in ("__init__.py", "__main__.py"):
            continue
        expected.append(f"tests/{path.parent.as_posix()}/test_{path.name}")
    missing = [test for test in expected if not (ROOT / test).is_file()]
    assert missing == [], f"write {', '.join(missing)}: each module has a test at its own path"


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

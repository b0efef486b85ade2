"""The wheel, installed into a folder of its own, and used from a project that has packages of our names."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from tests.makers.source_tree import PACKAGES, ROOT
from tests.makers.videos.class_folders import write_class_folders
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone

pytestmark = pytest.mark.slow


def of_the_source() -> set[str]:
    """What the wheel must hold, by the files of the checkout: modules and data of any kind, as `zsar/...`."""
    folders = [ROOT / name for name in (*PACKAGES[1:], "configs")]
    paths = [path for folder in folders for path in folder.rglob("*") if is_source(path)]
    own = [path for path in (ROOT / "zsar").rglob("*") if is_source(path)]  # not within links
    linked = tuple(f"zsar/{name}/" for name in (*PACKAGES[1:], "configs"))
    there = {path.relative_to(ROOT).as_posix() for path in own}
    return {f"zsar/{path.relative_to(ROOT).as_posix()}" for path in paths} | {
        path for path in there if not path.startswith(linked)
    }


def is_source(path: Path) -> bool:
    """Whether it is a file that was written by us, and not by Python."""
    return path.is_file() and "__pycache__" not in path.parts


def pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is built: building writes beside it."""
    copy = tmp_path_factory.mktemp("source") / "zsar"
    copy.mkdir()
    for name in (*PACKAGES, "configs"):
        shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder), str(source))
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel installed, without its dependencies, into an empty folder."""
    folder = tmp_path_factory.mktemp("site")
    pip("install", "--no-deps", "--no-index", "--target", str(folder), str(wheel))
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of a user: packages called as ours are called within zsar, videos, and weights of a tiny CLIP."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("callbacks", "datamodules"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(f"OWNER = 'the user, {name}'\n")
    write_class_folders(folder / "data" / "my_videos")
    torch.manual_seed(0)
    (folder / "runs" / "tiny_clip").mkdir(parents=True)  # where the fragments of the tiny models look for it
    torch.save(OpenClipBackbone("tiny-clip", "random").clip.state_dict(), folder / "runs" / "tiny_clip" / "seed0.pt")
    return folder


@pytest.fixture
def python(site: Path, project: Path) -> "Run":
    return Run(site, project)


class Run:
    """Runs the Python of the tests in the project, with the installed wheel in place of the checkout."""

    def __init__(self, site: Path, project: Path) -> None:
        self.project = project
        # -I: neither the checkout nor PYTHONPATH; -S: nor an editable install, whose .pth file leads to the checkout.
        places = [str(project), str(site), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
        self.start = f"import sys; sys.path[:0] = {list(dict.fromkeys(places))!r}; "

    def __call__(self, code: str, *arguments: str) -> str:
        command = [sys.executable, "-I", "-S", "-c", self.start + code, *arguments]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("ZSAR_", "PYTHON"))}
        run = subprocess.run(
            command, cwd=self.project, capture_output=True, text=True, check=False, env=environment, timeout=300
        )
        assert run.returncode == 0, run.stderr[-3000:]
        return run.stdout

    def zsar(self, *arguments: str) -> str:
        """What a command prints, run as `python -m zsar`."""
        return self("import runpy; runpy.run_module('zsar', run_name='__main__', alter_sys=True)", *arguments)


def test_the_wheel_holds_all_modules_and_data_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    held = {name for name in names if ".dist-info/" not in name}
    assert of_the_source() - held == set(), "say in pyproject.toml (tool.setuptools.package-data) that they are shipped"
    assert held - of_the_source() == set()
    assert {"zsar/configs/experiment/t2l_video_folder.yaml", "zsar/py.typed", "zsar/__main__.py"} <= held
    infos = zipfile.ZipFile(wheel).infolist()
    assert [info.filename for info in infos if (info.external_attr >> 16) & 0o170000 == 0o120000] == []  # no links


def test_a_source_distribution_builds_the_same_wheel(source: Path, wheel: Path, tmp_path: Path) -> None:
    build = f"import setuptools.build_meta as backend; print(backend.build_sdist({str(tmp_path)!r}))"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    shutil.unpack_archive(archive, tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    assert not (unpacked / "tests").exists()
    pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(tmp_path), str(unpacked))
    (again,) = tmp_path.glob("*.whl")
    assert set(zipfile.ZipFile(again).namelist()) == set(zipfile.ZipFile(wheel).namelist())


def test_nothing_of_zsar_lies_beside_it(site: Path) -> None:
    assert {path.name for path in site.iterdir() if not path.name.endswith(".dist-info")} == {"zsar", "bin"}


def test_the_user_s_packages_stay_the_user_s(python: Run, site: Path) -> None:
    code = (
        "import zsar, callbacks, datamodules, zsar.callbacks.prompt_tuning, zsar.datamodules.data_sets; "
        "print(zsar.__file__, callbacks.OWNER, datamodules.OWNER, sep='\\n')"
    )
    assert python(code).splitlines() == [
        str(site / "zsar" / "__init__.py"),
        "the user, callbacks",
        "the user, datamodules",
    ]


def test_the_version_is_that_of_the_wheel(python: Run, wheel: Path) -> None:
    assert python.zsar("--version") == f"zsar {version('zsar')}\n"
    assert wheel.name.startswith(f"zsar-{version('zsar')}-")


def test_a_shipped_experiment_is_parsed(python: Run) -> None:
    printed = python.zsar(
        "fit", "--config", "experiment/t2l_video_folder", "--trainer", "trainer/cpu", "--print_config"
    )
    assert "class_path: zsar.lightning_modules.t2l.T2L" in printed
    assert "class_path: zsar.datamodules.data_sets.VideoFolder" in printed
    assert "accelerator: cpu" in printed


def test_a_table_of_a_paper_is_planned(python: Run) -> None:
    assert "moving_shapes/ablation" in python.zsar("reproduce", "--list")
    plan = python.zsar("reproduce", "moving_shapes/ablation", "--dry_run", "--where", "seed=0")
    assert re.search(r"^#   there +runs/tiny_clip/seed0\.pt \(weights of tiny-clip\)$", plan, re.MULTILINE)
    assert "zsar fit --overwrite --config configs/experiment/moving_shapes_t2l.yaml" in plan


def test_a_rendered_set_is_tested(python: Run, project: Path) -> None:
    tiny = ["--model", "model/tiny_zero_shot_clip"]
    few = ["--data.n_train", "1", "--data.n_test", "1", "--data.loading.n_workers", "0"]
    run = ["--run_dir", "runs/rendered", "--trainer", "trainer/cpu", "--trainer.enable_progress_bar", "false"]
    printed = python.zsar("test", *tiny, "--data", "configs/data/moving_shapes.yaml", *few, *run)
    assert "novel" in printed
    assert (project / "runs" / "rendered" / "results.json").is_file()


def test_one_s_own_videos_are_trained_on(python: Run, project: Path) -> None:
    tiny = ["--model", "model/tiny_t2l", "--trainer", "trainer/cpu"]
    few = ["--data.clips.image_size", "32", "--data.loading.n_workers", "0", "--trainer.limit_train_batches", "1"]
    python.zsar("fit", "--config", "experiment/t2l_video_folder", *tiny, *few, "--trainer.max_epochs", "1")
    assert (project / "runs" / "my_videos" / "checkpoints" / "best.ckpt").is_file()


def test_the_first_example_answers(python: Run, project: Path) -> None:
    """The ten lines of the README, from an empty folder, with a tiny model and a rendered video."""
    video = next((project / "data" / "my_videos").rglob("*.mp4"))
    example = (ROOT / "docs" / "examples" / "classify.py").read_text()
    for stated, value in (
        ('"holiday.mp4"', str(video)),
        ('"ViT-B-16-quickgelu"', "tiny-clip"),
        ('"openai"', str(project / "runs" / "tiny_clip" / "seed0.pt")),
    ):
        assert stated in example
        example = example.replace(stated, repr(value))
    empty = project / "empty"
    empty.mkdir()
    lines = python(f"import os; os.chdir({str(empty)!r}); exec({example!r})").splitlines()
    named = sorted(re.sub(r"^ *[0-9.]+ %  ", "", line) for line in lines)
    assert named == ["building a sandcastle", "playing volleyball", "surfing"]

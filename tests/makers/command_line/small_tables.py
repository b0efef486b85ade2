"""A working directory with a table of papers whose experiment takes a second."""

from pathlib import Path

import yaml

from tests.makers.configs.small_experiment import write_small_experiment

TABLE = """
small:
  title: "A small paper"
  tables:
    table1:
      title: Fragments
      columns: [base, novel]
      rows:
        - row: As it is
          figures: [50.0, "25.0 ± 1.0"]
          steps:
            - fit: small
              vary: {seed_everything: [0]}
            - test: small
              from: fit
        - row: With a fragment
          figures: [null, 26.0]
          steps:
            - fit: small
              vary: {seed_everything: [0]}
            - test: small
              from: fit
              with: [ablation/longer]
          differences: one video a class
        - row: Theirs
          figures: [60.0, 30.0]
          why_not: quoted
    figure1: {title: A picture, why_not: a picture}
"""


def write_small_tables(folder: Path, *, videos: Path, weights: Path) -> Path:
    """Writes `configs/papers.yaml`, an experiment and a fragment into a folder, which is then worked in.

    Args:
        folder: The working directory.
        videos: A folder of videos with a folder per class.
        weights: Weights of the tiny CLIP.

    Returns:
        The file of tables.
    """
    configs = folder / "configs"
    for name in ("experiment", "ablation"):
        (configs / name).mkdir(parents=True)
    content = yaml.safe_load(write_small_experiment(folder, videos=videos, weights=weights).read_text())
    content["trainer"]["max_epochs"] = 1
    del content["run_dir"]
    (configs / "experiment" / "small.yaml").write_text(yaml.safe_dump(content))
    (configs / "ablation" / "longer.yaml").write_text("data.clips.n_test_clips: 2\n")
    (configs / "papers.yaml").write_text(TABLE)
    return configs / "papers.yaml"

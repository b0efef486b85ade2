from dataclasses import replace

from tests.makers.files.embedding_files import TOWER


def test_the_hash_and_the_statistics_decide_whether_two_towers_are_one() -> None:
    assert replace(TOWER, weights="elsewhere.pt", checkpoint="copy.ckpt").identity == TOWER.identity
    for name in ("tower_hash", "frame_mean", "frame_std"):
        assert replace(TOWER, **{name: "other"}).identity != TOWER.identity


def test_a_tower_is_described_by_its_checkpoint_or_its_weights() -> None:
    assert TOWER.described == "ZeroShotCLIP of tiny-clip tiny.pt (tower abc)"
    assert replace(TOWER, checkpoint="best.ckpt").described == "ZeroShotCLIP of best.ckpt (tower abc)"

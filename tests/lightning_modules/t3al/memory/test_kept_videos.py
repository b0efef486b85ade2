import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from zsar.lightning_modules.localization.contract import UntrimmedFeatures
from zsar.lightning_modules.t3al.memory.kept_videos import KeptVideos


def test_a_video_is_kept_bit_for_bit_until_it_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    video = UntrimmedFeatures("v", torch.randn(7, 3), torch.arange(7).double(), 7.0, sets=(0, 2), n_damaged=1)
    kept = KeptVideos()
    kept.keep(5, video)
    found = kept.get(5)
    assert found is not None
    assert torch.equal(found.features, video.features)
    assert replace(found, features=video.features) == video
    assert kept.get(4) is None
    assert len(list(tmp_path.rglob("*.pt"))) == 1
    kept.close()
    assert list(tmp_path.iterdir()) == []
    assert kept.get(5) is None

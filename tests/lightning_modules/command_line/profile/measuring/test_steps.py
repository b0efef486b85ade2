import pytest
import torch

from zsar.lightning_modules.command_line.profile.measuring import steps
from zsar.lightning_modules.command_line.profile.measuring.host_memory import PeakMemory
from zsar.lightning_modules.command_line.profile.measuring.steps import Steps, n_warm_up, timed_steps

CPU = torch.device("cpu")


def test_rates_are_those_of_the_median_step_by_hand() -> None:
    measured = Steps((2.0, 8.0, 4.0), n_videos=2, n_frames=16, memory={"peak_host_mb": 5.0})
    assert (measured.median_seconds, measured.videos_per_second, measured.frames_per_second) == (4.0, 0.5, 4.0)
    assert measured.record() == {
        **{"step_seconds": 4.0, "lowest_seconds": 2.0, "highest_seconds": 8.0, "n_steps": 3},
        **{"videos_per_step": 2, "frames_per_step": 16, "videos_per_second": 0.5, "frames_per_second": 4.0},
        "peak_host_mb": 5.0,
    }


def test_frames_of_no_video_have_no_videos_a_second() -> None:
    assert "videos_per_second" not in Steps((1.0,), n_videos=0, n_frames=4, memory={}).record()


def test_the_steps_to_warm_up_are_run_and_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    laps = iter([7.0, 8.0, 9.0])

    class Clock:
        def __init__(self, device: torch.device) -> None:
            assert calls == ["step"]  # the clock starts after the step to warm up

        def lap(self) -> float:
            return next(laps)

    calls: list[str] = []
    monkeypatch.setattr(steps, "DeviceClock", Clock)
    measured = timed_steps(
        lambda: calls.append("step"), device=CPU, repeats=3, memory=PeakMemory(CPU), n_videos=1, n_frames=2
    )
    assert (measured.seconds, len(calls)) == ((7.0, 8.0, 9.0), 4)


def test_a_gpu_warms_up_longer() -> None:
    assert (n_warm_up(CPU), n_warm_up(torch.device("cuda:1"))) == (1, 3)

from zsar.runtime.seeds import derive_seed


def test_golden_seed_holds_on_every_platform() -> None:
    assert derive_seed(0, "clip", 3, 7) == 5179817225958603799


def test_every_part_matters_and_parts_do_not_run_together() -> None:
    seeds = {
        derive_seed(*parts) for parts in [(0, "a", 1), (1, "a", 1), (0, "b", 1), (0, "a", 2), (0, "a1"), (0, "a", 11)]
    }
    assert len(seeds) == 6
    assert all(0 <= seed < 2**63 for seed in seeds)

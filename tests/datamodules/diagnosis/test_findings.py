from zsar.datamodules.diagnosis.findings import finding


def test_examples_are_limited_and_counts_are_not() -> None:
    found = finding("files", "test", [str(i) for i in range(1000)], 2000, "")
    assert (found.count, len(found.examples)) == (1000, 100)

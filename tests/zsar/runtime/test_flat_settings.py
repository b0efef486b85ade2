from zsar.runtime.flat_settings import flat_settings


def test_settings_are_named_by_the_way_to_them_in_their_order() -> None:
    settings = {"data": {"split": {"fold": 1, "seed": None}, "lists": {}}, "views": [1, 2]}
    assert list(flat_settings(settings)) == [("data.split.fold", 1), ("data.split.seed", None), ("views", [1, 2])]


def test_names_may_begin_with_a_prefix() -> None:
    assert dict(flat_settings({"fold": 1}, "data.")) == {"data.fold": 1}

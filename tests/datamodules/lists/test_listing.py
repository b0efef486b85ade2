from zsar.datamodules.lists.listing import Listing


def test_one_listing_is_followed_by_another() -> None:
    one, other = Listing(["a"], ["x"], [(0.0, 1.0)]), Listing(["b"], ["y"], [(2.0, 3.0)])
    assert one.followed_by(other) == Listing(["a", "b"], ["x", "y"], [(0.0, 1.0), (2.0, 3.0)])
    assert (one.videos, other.videos) == (["a"], ["b"])  # unchanged


def test_a_whole_video_has_no_segment() -> None:
    listing = Listing()
    listing.add("a/1.avi", "a")
    assert listing == Listing(["a/1.avi"], ["a"], [])

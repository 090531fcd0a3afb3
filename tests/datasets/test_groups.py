"""Groups of images by name, and holding some of them out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from segnet_nb.datasets import CAMVID, Dataset, group_names, hold_out


def numbered(*names):
    """Images whose every pixel is their number, so that they can be told apart."""
    images = np.arange(len(names), dtype=np.uint8)[:, None, None, None] * np.ones((1, 16, 16, 3), np.uint8)
    return Dataset(images, images[..., 0] % 11, CAMVID, names, "made for a test")


def test_drives_are_what_stands_before_the_first_underscore():
    names = ["0001TP_006690", "0006R0_f00930", "Seq05VD_f00000", "a_b_c", "alone"]
    assert group_names(names) == ("0001TP", "0006R0", "Seq05VD", "a", "alone")


@pytest.mark.parametrize(
    ("by", "expected"),
    [("^[a-z]+", ("berlin", "bonn")), ("-([0-9])", ("7", "1")), ("b", ("b", "b")), ("x?$", ("", ""))],
)
def test_expressions(by, expected):
    assert group_names(["berlin-7", "bonn-12"], by) == expected


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("(", r"regular expression, but got '\('.*For example"),
        ("^berlin", "'\\^berlin' does not match the image name 'bonn-12'"),
    ],
)
def test_expressions_that_cannot_serve(by, message):
    with pytest.raises(ValueError, match=message):
        group_names(["berlin-7", "bonn-12"], by)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=12), st.sets(st.sampled_from("abc"), min_size=1))
def test_both_parts_together_are_the_dataset(drives, held):
    data = numbered(*(f"{drive}_{i}" for i, drive in enumerate(drives)))
    if not held <= set(drives) or set(drives) <= held:
        with pytest.raises(ValueError, match=r"unknown group|leaves no image"):
            hold_out(data, sorted(held))
        return
    rest, inside = hold_out(data, sorted(held))
    assert {name[0] for name in inside.names} == held and not {name[0] for name in rest.names} & held
    for part in (rest, inside):  # each image keeps its labels and its name
        for image, labels, name in zip(part.images, part.labels, part.names, strict=True):
            number = int(name.partition("_")[2])
            assert (image == number).all() and (labels == number % 11).all()
    assert len(rest) + len(inside) == len(data)


def test_errors_name_the_groups_and_their_sizes():
    data = numbered("a_0", "a_1", "b_2")
    with pytest.raises(ValueError, match=r"unknown group 'c'.* a \(2 images\), b \(1 images\)"):
        hold_out(data, ["a", "c"])
    with pytest.raises(ValueError, match="holding out a, b leaves no image to train on"):
        hold_out(data, ["a", "b"])


def test_the_source_says_what_was_held_out():
    rest, inside = hold_out(numbered("a_0", "b_1"), ["b"])
    assert rest.source == "made for a test, without b" and inside.source == "made for a test, only b"

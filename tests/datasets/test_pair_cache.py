"""The cache on disk: the same pixels without decoding, and never those of another file or reading."""

from __future__ import annotations

import errno
import os
import warnings

import numpy as np
import pytest
from PIL import Image

from segnet_nb import datasets
from segnet_nb.datasets import folder, pair_cache
from segnet_nb.datasets.pair_cache import PairCache
from tests.large_folders import write_pairs

SIZE = (24, 32)


@pytest.fixture
def root(tmp_path):
    return write_pairs(tmp_path / "data", 5, (48, 64), cells=(3, 4))


@pytest.fixture
def decoded(monkeypatch):
    """The names of the pairs that were decoded."""
    names, read_pair = [], folder.read_pair

    def counting(pair, *arguments, **options):
        names.append(pair.name)
        return read_pair(pair, *arguments, **options)

    monkeypatch.setattr(folder, "read_pair", counting)
    return names


def load(root, cache, **options):
    return datasets.load(str(root), image_size=SIZE, cache_dir=cache, **{"in_memory": False, **options})


def entries(cache):
    return sorted(path for path in cache.rglob("*") if path.is_file())


def assert_same(one, other):
    for left, right in zip(one.pairs(), other.pairs(), strict=True):
        np.testing.assert_array_equal(left[0], right[0])
        np.testing.assert_array_equal(left[1], right[1])


def test_the_second_pass_and_the_next_run_decode_nothing(root, tmp_path, decoded):
    plain = datasets.load(str(root), image_size=SIZE, in_memory=True)
    decoded.clear()
    cache = tmp_path / "cache"
    data = load(root, cache)
    assert_same(data, plain)
    assert sorted(decoded) == list(data.names) and len(entries(cache)) == 4
    assert_same(data, plain)
    assert_same(load(root, cache), plain)
    assert_same(load(root, cache, in_memory=True), plain)
    assert len(decoded) == 4


def test_another_size_or_reading_is_another_entry(root, tmp_path, decoded):
    cache = tmp_path / "cache"
    data = load(root, cache)
    list(data.pairs())
    decoded.clear()
    assert [image.shape for image, _ in data.resized((12, 16)).pairs()] == [(12, 16, 3)] * 4
    assert len(decoded) == 4
    (root / "classes.json").write_text(
        '{"classes": {"other": 1, "class 0": 0, "c": 2, "d": 3, "e": 4}, "void": 9}'
    )
    other = load(root, cache)
    assert_same(other, datasets.load(str(root), image_size=SIZE, in_memory=True))
    assert (other.pair(0)[1] != data.pair(0)[1]).any()


def test_a_changed_file_is_decoded_again(root, tmp_path, decoded):
    cache = tmp_path / "cache"
    data = load(root, cache)
    list(data.pairs())
    decoded.clear()
    path = root / "images" / f"{data.names[1]}.jpg"
    before = path.stat()
    Image.new("RGB", (64, 48), (9, 8, 7)).save(path, quality=95)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 10**9))
    assert data.pair(1)[0].max() < 20 and decoded == [data.names[1]]


@pytest.mark.parametrize("damage", [b"", b"not an archive", None])
def test_a_damaged_entry_is_made_again(root, tmp_path, decoded, damage):
    cache = tmp_path / "cache"
    data = load(root, cache)
    expected = data.pair(0)
    (entry,) = entries(cache)
    whole = entry.read_bytes()
    # One byte amid the pixels, or the file replaced.
    middle = len(whole) // 2
    entry.write_bytes(
        whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :] if damage is None else damage
    )
    decoded.clear()
    for found, wanted in zip(data.pair(0), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert len(decoded) == 1 and entry.read_bytes() == whole


def test_an_interrupted_entry_leaves_nothing(tmp_path, monkeypatch):
    def dying(path, **arrays):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(pair_cache.np, "savez", dying)
    cache = PairCache(tmp_path, "")
    with pytest.raises(KeyboardInterrupt):
        cache.store(tmp_path / "ab" / "x.npz", np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2), np.uint8))
    assert not entries(tmp_path)


def test_a_full_disk_is_said_once_and_images_are_decoded(root, tmp_path, monkeypatch, decoded):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pair_cache.np, "savez", full)
    cache = tmp_path / "cache"
    data = load(root, cache, workers=1)
    with pytest.warns(UserWarning, match="the cache in .*cache cannot be written .No space left on device"):
        data.pair(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_same(data, datasets.load(str(root), image_size=SIZE, in_memory=True))
    assert not entries(cache)

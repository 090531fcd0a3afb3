"""The table of sums and the check of a directory against it."""

from __future__ import annotations

import re
from importlib import resources

import pytest
from hypothesis import given, strategies as st

from segnet_nb.datasets import camvid
from segnet_nb.datasets.checksums import (
    VerifyReport,
    compare,
    parse_sums,
    published_sums,
    split_of,
    verify_camvid,
)
from tests.datasets.serving import sums_of, tiny_set

FILES = tiny_set()
SUMS = sums_of(FILES)
REAL_ROOT = camvid.find_root()


@pytest.fixture
def root(tmp_path):
    for name, data in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    return tmp_path


def verify(root, **options):
    return verify_camvid(root, progress=False, sums=SUMS, **options)


def remove_split(root, split):
    for folder in (split, f"{split}annot"):
        for path in (root / folder).iterdir():
            path.unlink()


# The table


def test_the_published_table_covers_the_whole_dataset():
    sums = published_sums()
    per_folder = {}
    for name in sums:
        folder = name.rpartition("/")[0]
        per_folder.setdefault(folder, set()).add(name.rpartition("/")[2])
    assert {folder: len(names) for folder, names in per_folder.items()} == {
        "": 3,
        "train": 367,
        "trainannot": 367,
        "val": 101,
        "valannot": 101,
        "test": 233,
        "testannot": 233,
    }
    for split in ("train", "val", "test"):
        assert per_folder[split] == per_folder[f"{split}annot"]
    assert len(set(sums.values())) == len(sums)


def test_the_table_is_shipped_inside_the_package():
    assert resources.files("segnet_nb.datasets").joinpath("camvid_sha256sums.txt").is_file()


@pytest.mark.parametrize(
    "name",
    ["../a", "/a", "a/../b", "a//b", "a/", ".a", "a/.b", "a b", "a\\b", "", "C:a", "ä.png"],
)
def test_names_outside_the_directory_are_refused(name):
    with pytest.raises(ValueError, match="line 2 of the checksums"):
        parse_sums(f"{'0' * 64}  good.png\n{'0' * 64}  {name}\n")


@pytest.mark.parametrize("digest", ["0" * 63, "0" * 65, "g" * 64, ""])
def test_other_digests_are_refused(digest):
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        parse_sums(f"{digest}  a.png")


@given(
    st.dictionaries(
        st.from_regex(r"[a-z0-9_]+(/[a-z0-9_]+\.png)?", fullmatch=True),
        st.binary(min_size=32, max_size=32).map(bytes.hex),
        max_size=4,
    )
)
def test_what_sha256sum_writes_is_read_back(sums):
    assert parse_sums("".join(f"{digest}  {name}\n" for name, digest in sums.items())) == sums


def test_every_published_name_has_a_split():
    assert {split_of(name) for name in published_sums()} == {"train", "val", "test"}


# The check


def test_a_complete_dataset(root):
    report = verify(root)
    assert report == VerifyReport(tuple(sorted(FILES)))
    assert report.ok
    assert report.summary() == "10 files checked, all valid."


def test_missing_and_damaged_files_are_named(root):
    (root / "val/a.png").unlink()
    (root / "train.txt").unlink()
    # One bit of one byte, the size unchanged: only a sum can tell.
    data = bytearray(FILES["train/b.png"])
    data[1000] ^= 1
    (root / "train/b.png").write_bytes(data)
    report = verify(root)
    assert report.missing == ("train.txt", "val/a.png")
    assert report.damaged == ("train/b.png",)
    assert report.absent_splits == ()
    assert not report.ok
    assert "10 files checked, 7 valid." in report.summary()
    assert "segnet-nb data camvid" in report.summary()


def test_an_absent_split_is_reported_but_valid(root):
    remove_split(root, "val")
    report = verify(root)
    assert report.ok
    assert report.absent_splits == ("val",)
    assert len(report.checked) == 5
    assert "Absent splits: val" in report.summary()


def test_an_absent_split_requested_by_name_is_missing(root):
    remove_split(root, "val")
    report = verify(root, splits=("val",))
    assert not report.ok
    assert report.absent_splits == ("val",)
    assert len(report.missing) == 4  # its list is still there


def test_an_incomplete_split_is_not_absent(root):
    for path in (root / "val").iterdir():
        path.unlink()
    report = verify(root)
    assert report.missing == ("val/a.png", "val/b.png")
    assert report.absent_splits == ()


@pytest.mark.parametrize("splits", ["train", ["train"], {"train"}])
def test_only_the_requested_splits(root, splits):
    (root / "val/a.png").write_bytes(b"damaged")
    report = verify(root, splits=splits)
    assert report.ok
    assert len(report.checked) == 5


def test_unknown_split(root):
    with pytest.raises(ValueError, match="unknown split 'training'"):
        verify(root, splits=["training"])


def test_an_empty_directory(tmp_path):
    (tmp_path / "train.txt").write_bytes(FILES["train.txt"])
    for root in (tmp_path, tmp_path / "none"):
        with pytest.raises(camvid.DatasetMissingError, match=r"nothing to verify.*data camvid"):
            verify(root)


def test_a_directory_in_place_of_a_file_is_missing(root):
    (root / "train/a.png").unlink()
    (root / "train/a.png").mkdir()
    assert verify(root).missing == ("train/a.png",)


def test_long_lists_are_shortened():
    names = tuple(f"train/{number:03}.png" for number in range(300))
    summary = VerifyReport(names, missing=names).summary()
    assert "Missing (300): train/000.png, " in summary
    assert "and 295 more" in summary


def test_progress_goes_to_stderr(root, capsys):
    verify_camvid(root, sums=SUMS)
    shown = capsys.readouterr()
    assert re.search(r"Checking CamVid: 100%.*10/10", shown.err)
    assert shown.out == ""


def test_compare_keeps_the_order_of_the_table(root):
    wrong = dict.fromkeys(reversed(FILES), "0" * 64)
    assert compare(root, wrong) == ((), tuple(reversed(FILES)))


@pytest.mark.camvid
def test_the_real_dataset_matches_the_published_checksums():
    there = [s for s in ("train", "val", "test") if camvid.is_available(s, root=REAL_ROOT)]
    if not there:
        pytest.skip("CamVid is not there; get it with `segnet-nb data camvid`")
    report = verify_camvid(REAL_ROOT, progress=False)
    assert report.ok, report.summary()
    assert report.absent_splits == tuple(s for s in ("test", "train", "val") if s not in there)

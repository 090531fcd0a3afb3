"""SHA-256 checksums of the files of CamVid, and verification of a directory."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from tqdm.auto import tqdm

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.camvid import DatasetMissingError, find_root
from segnet_nb.datasets.names import check_request

# Files are written under these names, so only plain words and single slashes are allowed (no "..").
_LINE = re.compile(r"(?P<sum>[0-9a-f]{64}) [ *](?P<name>\w[\w.-]*(?:/\w[\w.-]*)*)", re.ASCII)


def published_sums() -> dict[str, str]:
    """SHA-256 in hexadecimal by file name (``train/0001TP_006690.png``), all splits and lists.

    Example:
        >>> sums = published_sums()
        >>> len(sums), sums["train.txt"][:8], len(sums["test.txt"])
        (1405, 'ef3522fe', 64)
    """
    table = resources.files("segnet_nb.datasets").joinpath("camvid_sha256sums.txt")
    return parse_sums(table.read_text("ascii"))


def parse_sums(text: str) -> dict[str, str]:
    """Read a table in the format of ``sha256sum``.

    Args:
        text: lines of 64 hexadecimal digits, two spaces and a relative file name.

    Raises:
        ValueError: if a line has another format, or a name that could point outside the directory.

    Example:
        >>> parse_sums("0" * 64 + "  train/a.png")["train/a.png"] == "0" * 64
        True
    """
    sums = {}
    for number, line in enumerate(text.splitlines(), start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise UserError(
                f"line {number} of the checksums must be 64 hexadecimal digits, two spaces and a "
                f"relative file name, but got {line!r}."
            )
        sums[match["name"]] = match["sum"]
    return sums


def split_of(name: str) -> str:
    """The split that a file of the dataset belongs to.

    Example:
        >>> split_of("valannot/a.png"), split_of("val/a.png"), split_of("val.txt")
        ('val', 'val', 'val')
    """
    return name.partition("/")[0].removesuffix(".txt").removesuffix("annot")


@dataclass(frozen=True)
class VerifyReport:
    """Result of verifying the dataset.

    Attributes:
        checked: names of all expected files, sorted.
        missing: names of the files that do not exist.
        damaged: names of the files whose SHA-256 differs.
        absent_splits: splits without any image or label. A dataset without the test split is
            valid, so its files are not in ``missing`` unless the split was requested by name.

    Example:
        >>> report = VerifyReport(("val.txt", "val/a.png"), (), ("val/a.png",), ("test",))
        >>> report.ok
        False
        >>> print(report.summary())
        2 files checked, 1 valid.
        Damaged (1): val/a.png
        Absent splits: test
        `segnet-nb data camvid` downloads missing and damaged files.
    """

    checked: tuple[str, ...]
    missing: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    absent_splits: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all expected files exist and match their checksums."""
        return not self.missing and not self.damaged

    def summary(self) -> str:
        """The result as a few lines of text, with the command that fixes problems."""
        valid = len(self.checked) - len(self.missing) - len(self.damaged)
        lines = [f"{len(self.checked)} files checked, {'all' if self.ok else valid} valid."]
        for word, names in (("Missing", self.missing), ("Damaged", self.damaged)):
            if names:
                lines.append(f"{word} ({len(names)}): {shortened(names)}")
        if self.absent_splits:
            lines.append(f"Absent splits: {', '.join(self.absent_splits)}")
        if not self.ok or self.absent_splits:
            lines.append("`segnet-nb data camvid` downloads missing and damaged files.")
        return "\n".join(lines)


def shortened(names: Iterable[str], limit: int = 5) -> str:
    """The first few names, and the number of the remaining ones.

    Example:
        >>> shortened("abcd", limit=2)
        'a, b and 2 more'
    """
    names = list(names)
    rest = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + rest


def verify_camvid(
    root: str | os.PathLike[str] | None = None,
    *,
    splits: Iterable[str] | None = None,
    progress: bool = True,
    sums: Mapping[str, str] | None = None,
) -> VerifyReport:
    """Verify the files of CamVid against their SHA-256 checksums; changes nothing.

    Args:
        root: directory of the dataset; None: see ``camvid.find_root``.
        splits: names of the splits to verify, which must exist; None: the existing ones.
        progress: show a progress bar.
        sums: SHA-256 by file name; None: those of the published files.

    Returns:
        A ``VerifyReport``. Files without a known checksum are ignored.

    Raises:
        DatasetMissingError: a FileNotFoundError, if there is no split.
        ValueError: if a split is unknown.

    Example:
        >>> try:
        ...     verify_camvid("no-such-directory", progress=False)
        ... except FileNotFoundError as error:
        ...     print(type(error).__name__)
        DatasetMissingError
    """
    directory = find_root(root)
    sums = published_sums() if sums is None else sums
    known = sorted({split_of(name) for name in sums})
    # Lists do not count: a dataset without the test images usually still has test.txt.
    present = {split_of(name) for name in sums if "/" in name and (directory / name).is_file()}
    if not present:
        raise DatasetMissingError(
            f"there is nothing to verify: {directory} contains no file of CamVid. Download the dataset "
            "with `segnet-nb data camvid`, or set SEGNET_NB_CAMVID to the directory that has it."
        )
    wanted = present
    if splits is not None:
        wanted = {splits} if isinstance(splits, str) else set(splits)
        for split in wanted:
            check_request("camvid", split)
    names = sorted(name for name in sums if split_of(name) in wanted)
    missing, damaged = compare(directory, {name: sums[name] for name in names}, progress=progress)
    looked_for = known if splits is None else sorted(wanted)
    absent = tuple(split for split in looked_for if split not in present)
    return VerifyReport(tuple(names), missing, damaged, absent)


def compare(
    directory: Path, sums: Mapping[str, str], *, progress: bool = False
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Hash files in parallel and report which are missing and which differ.

    Args:
        directory: the names in ``sums`` are relative to it.
        sums: SHA-256 in hexadecimal by file name.
        progress: show a progress bar.

    Returns:
        Names of the missing and of the differing files, each in the order of ``sums``.

    Example:
        >>> compare(Path("no-such-directory"), {"train.txt": "0" * 64})
        (('train.txt',), ())
    """

    def digest_of(name: str) -> str | None:
        path = directory / name
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    missing, damaged = [], []
    # Hashing and reading release the global interpreter lock, so threads run in parallel.
    with ThreadPoolExecutor() as pool:
        hashes = pool.map(digest_of, sums)
        bar = tqdm(
            zip(sums, hashes, strict=True),
            total=len(sums),
            desc="Checking CamVid",
            unit="file",
            disable=not progress,
        )
        for name, digest in bar:
            if digest is None:
                missing.append(name)
            elif digest != sums[name]:
                damaged.append(name)
    return tuple(missing), tuple(damaged)

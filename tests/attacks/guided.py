"""Random files, led by coverage to new branches: ``python -m tests.attacks.guided --seconds 60``.

The files are those of ``tests.attacks.fuzz``; atheris (libFuzzer) chooses the random numbers of which they
are made, and keeps those that reach another branch of this package. Each reader has a process of its own.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
from importlib import util
from pathlib import Path

GIVEN = "files so far:"
STARTS, START_BYTES = 10, 2_000  # what libFuzzer changes first; of few random numbers no file can be made


def is_installed() -> bool:
    """Whether atheris is."""
    return util.find_spec("atheris") is not None


def guide(name: str, seconds: int, seed: int) -> None:
    """Fuzz one reader in this process, which ends with it."""
    import atheris

    with atheris.instrument_imports(include=["segnet_nb"], enable_loader_override=False):
        from tests.attacks import fuzz

        reader = fuzz.readers(frameworks=name in ("run records", "weights"))[name]
        reader.give(b"")  # imports what is imported late, so that it is instrumented
    from hypothesis import HealthCheck, given, settings

    @settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(reader.files)
    def one(content: bytes) -> None:
        nonlocal count
        reader.give(content)
        count += 1
        if count % 20 == 0:
            print(GIVEN, count, flush=True)

    count, corpus = 0, Path("corpus")
    corpus.mkdir()
    for number in range(STARTS):
        (corpus / f"{number}").write_bytes(random.Random(seed + number).randbytes(START_BYTES))
    options = [
        f"-max_total_time={seconds}",
        f"-seed={seed}",
        "-max_len=4096",
        "-timeout=20",
        "-rss_limit_mb=3000",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], one.hypothesis.fuzz_one_input)
    atheris.Fuzz()


def fuzzed(name: str, seconds: int, seed: int, folder: str, path: str = "") -> tuple[int, str]:
    """Fuzz one reader in another process; how many files it got, and the finding.

    Args:
        name: of the reader.
        seconds: for how long.
        seed: of libFuzzer.
        folder: for the input of a finding.
        path: a folder of modules that it imports before others.
    """
    command = [sys.executable, "-m", "tests.attacks.guided", "--reader", name]
    command += ["--seconds", str(seconds), "--seed", str(seed)]
    done = subprocess.run(
        command,
        capture_output=True,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join((path, str(Path(__file__).parents[2])))},
        timeout=seconds + 300,
        check=False,
    )
    count = int(done.stdout.rpartition(GIVEN.encode())[2].split()[0]) if GIVEN.encode() in done.stdout else 0
    if done.returncode:
        return count, (done.stdout + done.stderr).decode(errors="replace")[-4000:]
    return count, ""


def main() -> int:
    """Fuzz all readers, print a table; 1 if there are findings."""
    import tempfile

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each reader (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="readers whose names contain this")
    parser.add_argument("--reader", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not is_installed():
        print("atheris is not installed. Run: pip install atheris")
        return 2
    if options.reader:
        guide(options.reader, options.seconds, options.seed)
        return 0
    from tests.attacks.fuzz import readers

    failures = 0
    for name in [each for each in readers(frameworks=False) if options.only in each]:
        with tempfile.TemporaryDirectory() as folder:
            count, finding = fuzzed(name, options.seconds, options.seed, folder)
        failures += bool(finding)
        print(f"{name:20} {count:8} files", flush=True)
        if finding:
            print(finding, flush=True)
    print(f"{failures} readers with findings")
    return bool(failures)


if __name__ == "__main__":
    raise SystemExit(main())

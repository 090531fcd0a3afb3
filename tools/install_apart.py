"""Install optional tools for tests, each group into a folder of its own.

They pin packages that this project has in newer versions, or change JupyterLab. So each group gets an
environment of its own, such as ``.venv/graders``, in which the packages of ``.venv`` can be imported too.

Usage: python tools/install_apart.py {graders,homes}
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

VERSIONS = {
    "graders": ("nbgrader==0.9.6", "otter-grader==7.0.0"),  # tests/teaching/test_graders.py
    "homes": ("marimo==0.25.2", "voila==0.5.13"),  # tests/browser/test_voila.py and test_marimo.py
}


def main(arguments: list[str] | None = None) -> int:
    """Create the environment unless it is complete; 1 if that fails, for example without a network."""
    asked = sys.argv[1:] if arguments is None else arguments
    if len(asked) != 1 or asked[0] not in VERSIONS:
        print(f"usage: python tools/install_apart.py {{{','.join(VERSIONS)}}}", file=sys.stderr)
        return 2
    folder, versions = Path(sys.prefix) / asked[0], VERSIONS[asked[0]]
    ready = folder / ".ready"
    if ready.exists() and ready.read_text() == " ".join(versions):
        return 0
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = ["-m", "pip", "install", "--quiet", "--only-binary", ":all:", *versions]
    for command in ([sys.executable, "-m", "venv", str(folder)], [str(python), *install]):
        if subprocess.run(command, check=False).returncode:  # noqa: S603
            return 1
    where = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    place = subprocess.run(where, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603
    line = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    (Path(place) / "zz_segnet_nb.pth").write_text(line)  # after its own packages
    ready.write_text(" ".join(versions))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Install nbgrader and Otter for tests/teaching/test_graders.py, into a folder of their own.

They pin packages that this project has in newer versions, and change JupyterLab. So they get an environment
of their own, ``.venv/graders``, in which the packages of ``.venv`` can be imported too.

Usage: python tools/install_graders.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

VERSIONS = ("nbgrader==0.9.6", "otter-grader==7.0.0")
FOLDER = Path(sys.prefix) / "graders"


def main() -> int:
    """Create the environment unless it is complete; 1 if that fails, for example without a network."""
    ready = FOLDER / ".ready"
    if ready.exists() and ready.read_text() == " ".join(VERSIONS):
        return 0
    python = FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = ["-m", "pip", "install", "--quiet", "--only-binary", ":all:", *VERSIONS]
    for command in ([sys.executable, "-m", "venv", str(FOLDER)], [str(python), *install]):
        if subprocess.run(command, check=False).returncode:  # noqa: S603
            return 1
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    place = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603
    line = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    (Path(place) / "zz_segnet_nb.pth").write_text(line)  # after its own packages
    ready.write_text(" ".join(VERSIONS))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Build the website: lessons with live explorers, documentation, results, API reference, glossary and search.

    python -m tools.site [--output DIR] [--stored] [--repository OWNER/NAME] [--workers N]

``make site`` installs what it needs and runs it. The pages are static: any web server can serve the folder,
and no page asks another host for anything.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote

import nbformat

from tools.site import api, explorers, finish, lessons, photo

ROOT = Path(__file__).parents[2]
SOURCE = Path(__file__).parent / "source"
_HEADING = re.compile(r"(\.ipynb|\]\()#([^)\s]+)")
# Files of the repository that pages refer to, and that are no pages here.
_ELSEWHERE = re.compile(
    r"\[([^\]\n]+)\]\((?!https?:|#)(?:\.\./|\./)*(?:(?:notebooks/)?solutions|tests|LICENSE|\.pre-commit)[^)\n]*\)"
)


def slug(heading: str) -> str:
    """The anchor of a heading on the website, from the one that Jupyter gives it.

    Example:
        >>> slug("Dice-loss,-by-hand")
        'dice-loss-by-hand'
    """
    return re.sub(r"[^\w\- ]", "", unquote(heading).lower().replace(" ", "-"))


def for_the_site(text: str) -> str:
    """Markdown with anchors as they are on the website, and without links to what is not a part of it."""
    text = _HEADING.sub(lambda found: f"{found[1]}#{slug(found[2])}", text)
    return _ELSEWHERE.sub(r"\1", text)


def write_source(folder: Path, notebooks: dict[str, nbformat.NotebookNode], repository: str) -> None:
    """Write what Sphinx reads, laid out as the repository is, so that links between files hold."""
    shutil.copytree(SOURCE, folder)
    index = (folder / "index.myst").rename(folder / "index.md")
    index.write_text(photo.with_card(index.read_text("utf-8")), "utf-8")
    (folder / "notebooks" / "files").mkdir(parents=True)
    for name, notebook in notebooks.items():
        shutil.copy(lessons.NOTEBOOKS / f"{name}.ipynb", folder / "notebooks" / "files")
        shown = lessons.prepared(name, notebook, folder / explorers.FOLDER, repository)
        for cell in shown.cells:
            if cell.cell_type == "markdown":
                cell.source = for_the_site(cell.source)
        nbformat.write(shown, folder / "notebooks" / f"{name}.ipynb")
    for place in ("docs", "data"):
        (folder / place).mkdir()
        for path in sorted((ROOT / place).glob("*.*")):
            if path.suffix == ".md":
                (folder / place / path.name).write_text(for_the_site(path.read_text("utf-8")), "utf-8")
            elif path.suffix in (".jpg", ".html"):
                shutil.copy(path, folder / place)
    for name in ("CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md"):
        (folder / name).write_text(for_the_site((ROOT / name).read_text("utf-8")), "utf-8")
    (folder / explorers.FOLDER).mkdir(exist_ok=True)
    api.write(folder / "api")


def build(source: Path, target: Path, workers: int) -> None:
    """Run Sphinx; a warning is an error."""
    options = ["-b", "html", "-q", "-W", "--keep-going", "-j", str(workers)]
    command = [sys.executable, "-m", "sphinx", *options, str(source), str(target)]
    done = subprocess.run(command, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"Sphinx failed with status {done.returncode}; its messages are above.")
    shutil.copytree(source / explorers.FOLDER, target / explorers.FOLDER)
    for name in (".doctrees", ".buildinfo", "objects.inv"):
        path = target / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def main(arguments: list[str] | None = None) -> int:
    """Build the website; 1 if a link leads nowhere."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "site", help="folder of the website")
    parser.add_argument("--stored", action="store_true", help="run no lesson: pictures in place of explorers")
    parser.add_argument(
        "--repository", default="", metavar="OWNER/NAME", help="for links to Colab and Binder"
    )
    parser.add_argument("--workers", type=int, default=2, help="processes")
    options = parser.parse_args(arguments)
    kept = options.output.parent / "site-lessons"
    notebooks = lessons.stored() if options.stored else lessons.executed(kept, options.workers)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.output.parent) as temporary:
        source, made = Path(temporary) / "source", Path(temporary) / "site"
        write_source(source, notebooks, options.repository)
        build(source, made, options.workers)
        photo.write(made)
        finish.finish(made)
        found = list(finish.faults(made))
        if options.output.exists():
            shutil.rmtree(options.output)
        made.rename(options.output)
    for fault in found:
        print(fault, file=sys.stderr)
    size = sum(path.stat().st_size for path in options.output.rglob("*") if path.is_file())
    print(f"{options.output}: {size / 1e6:.1f} MB, {len(found)} faults in its links")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

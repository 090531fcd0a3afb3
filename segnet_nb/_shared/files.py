"""Files that are written whole or not at all: under a temporary name first, then renamed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TEMPORARY = "part-"  # before the name, since some writers insist on its ending


@contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """A temporary path to write to, renamed to ``path`` when the block ends without an error.

    Folders above it are made. After an error the temporary file is removed and ``path`` is as it
    was; a killed process may leave the temporary file, whose name starts with ``part-``.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with written_whole(Path(folder) / "a.txt") as temporary:
        ...         _ = temporary.write_text("done")
        ...     [path.name for path in Path(folder).iterdir()]
        ['a.txt']
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{TEMPORARY}{path.name}")
    try:
        yield temporary
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_whole(path: str | Path, content: str | bytes) -> None:
    """Write text (UTF-8) or bytes to a file, whole or not at all; see ``written_whole``."""
    data = content.encode() if isinstance(content, str) else content
    with written_whole(path) as temporary:
        temporary.write_bytes(data)

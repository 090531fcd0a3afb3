"""JavaScript that travels inside notebooks and pages."""

from __future__ import annotations

import re

# Comments that end where their line ends; those inside of code, and types of single values, stay.
_COMMENT = re.compile(r"^[ \t]*(?://[^\n]*|/\*\*(?:(?!\*/).)*\*/[ \t]*)\n", re.MULTILINE | re.DOTALL)


def without_comments(source: str) -> str:
    r"""JavaScript without the comments that have lines of their own, most of which are types.

    Args:
        source: of a module or a script.

    Example:
        >>> without_comments("// A note.\n/** @type {number} */\nlet a = 1;  // one\n")
        'let a = 1;  // one\n'
    """
    return _COMMENT.sub("", source)

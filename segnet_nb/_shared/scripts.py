"""JavaScript that travels inside notebooks and pages."""

from __future__ import annotations

import re

# Comments that end where their line ends; those inside of code stay.
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


_TEXT = re.compile(r'("(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`)')
# A space says something only between two words, and between signs that would join to another one.
_SPACE = re.compile(r"(?<![\w$]) +(?![-+/])|(?<![-+/]) +(?![\w$])")
# Spaces in a template in a template or in a regular expression belong to it, and both are rare enough to be
# left alone.
_DELICATE = re.compile(r"'|[(=,] ?/|\$\{[^}]*`")
# The type of a single value.
_TYPE = re.compile(r"/\*\* @type (?:(?!\*/).)*\*/ ?")


def squeezed(source: str) -> str:
    r"""JavaScript without types and needless spaces; statements stay on lines, so that errors can be found.

    Args:
        source: without comments, as ``without_comments`` returns it; no text or template may span lines.

    Example:
        >>> squeezed('const a = [ 1, - 2 ];\n  if (a) say("x = y", a);\n')
        'const a=[1,-2];\nif(a)say("x = y",a);\n'
        >>> squeezed("const a = /** @type {number[]} */ ([1]);\n")
        'const a=([1]);\n'
        >>> squeezed("if (a) {\n  say(\n    1,\n  );\n}\n")
        'if(a){\nsay(\n1,);}\n'
    """
    lines: list[str] = []
    for line in filter(None, (_squeezed_line(line.strip()) for line in source.split("\n"))):
        # Before a closing bracket the end of a line means nothing: a statement ends there anyway.
        if lines and line[0] in ")}]" and "//" not in lines[-1]:
            lines[-1] += line
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _squeezed_line(line: str) -> str:
    line = _TYPE.sub("", line)
    if _DELICATE.search(line):
        return line
    code, comment, _ = line.partition("  // ")
    return "".join(
        part if part[:1] in ('"', "`") else _SPACE.sub("", part)
        for part in _TEXT.split(code if comment else line)
    )


_STYLE_SPACE = re.compile(r"\s*([{};,])\s*|(?<=:)\s+")


def squeezed_style(sheet: str) -> str:
    r"""A style sheet without spaces and lines that mean nothing.

    Args:
        sheet: no text in it may have a brace, a semicolon or a comma beside a space.

    Example:
        >>> squeezed_style(".a, .b {\n  color: red;\n  margin: 0 2px;\n}\n.c { top: 0; }\n")
        '.a,.b{color:red;margin:0 2px}.c{top:0}'
    """
    return _STYLE_SPACE.sub(lambda found: found[1] or "", sheet).replace(";}", "}")

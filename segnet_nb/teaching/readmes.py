"""The page that an export brings along: what is in the folder, and the commands that come next."""

from __future__ import annotations

from collections.abc import Sequence

from segnet_nb.teaching.lessons import Lesson

_PARTS = {
    "nbgrader": """\
An nbgrader course directory. `source/` is the instructor's version, `release/` the students', and each
exercise is a test with points. Run in this folder:

```
nbgrader generate_assignment {name}
nbgrader validate source/{name}/{name}.ipynb
nbgrader autograde {name}
nbgrader export
```

`generate_assignment` makes `release/` anew and enters the assignment into the gradebook. Submissions go to
`submitted/STUDENT/{name}/{name}.ipynb`; `autograde` needs them. Students need segnet-nb, and not nbgrader.
""",
    "otter": """\
Master notebooks for Otter Assign. Run in this folder:

```
otter assign master/{name}.ipynb dist/{name}
otter run SUBMISSION.ipynb -a dist/{name}/autograder/{name}-autograder_DATE.zip
```

`dist/{name}/student` is the students' version with its tests; in it, `otter check {name}.ipynb` checks a
notebook.
Students need segnet-nb and otter-grader. To grade in a container, put a wheel of segnet-nb into
`master/requirements.txt`.
""",
    "plain": """\
`release/` has the lessons for students, `solutions/` the same solved. No other tool is needed: the cell after
each exercise says whether the answer is right, and why not.
""",
}

_REVEAL = {
    True: "`slides/reveal.js` shows them: keep it beside them. No network is needed.",
    False: "They load reveal.js, which shows them, from the network.",
}


def readme(grader: str, lessons: Sequence[Lesson], *, slides: bool, offline: bool = True) -> str:
    """The README of an export.

    Args:
        grader: what the export is for.
        lessons: its lessons.
        slides: whether it has slides.
        offline: whether reveal.js is beside them.

    Example:
        >>> print(readme("plain", [], slides=False).splitlines()[0])
        # SegNet course, for a class
    """
    name = lessons[0].name if lessons else "LESSON"
    rows = [f"| {lesson.title} | {lesson.minutes or ''} | {len(lesson.questions)} |" for lesson in lessons]
    parts = [
        "# SegNet course, for a class",
        _PARTS[grader].format(name=name).rstrip(),
        "`answers/` has the answers of each lesson as a page to print. Keep it, and everything with "
        "solutions, from the students.",
    ]
    if slides:
        parts.append(
            "`slides/` has each lesson as slides for a browser: arrow keys or space go on, `?print-pdf` "
            f"after the address gives pages to print. {_REVEAL[offline]}"
        )
    parts.append("\n".join(["| lesson | minutes | exercises |", "|---|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"

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
    parts.append(_table(lessons))
    return "\n\n".join(parts) + "\n"


_OFFLINE = """\
# SegNet course, without a network

Lessons, pretrained weights and data for a class. Each machine needs segnet-nb {version}, and no network.

1. Copy this folder to each machine, or share it for reading and copy `notebooks/` alone.
2. Check the copy: `segnet-nb course verify .` in this folder (or `sha256sum -c SHA256SUMS`).
3. Say where the weights{and_camvid} are, then start JupyterLab from the same terminal, in this folder.

On Linux and macOS:

```
export SEGNET_NB_WEIGHTS="$PWD/weights"{camvid}
jupyter lab notebooks
```

On Windows, in PowerShell:

```
$env:SEGNET_NB_WEIGHTS = "$PWD\\weights"{camvid_windows}
jupyter lab notebooks
```

Synthetic scenes need no file: each machine makes the same ones. `segnet-nb course verify` makes some and
compares their sum with `synthetic-scenes.sha256`."""
_SHARED_CAMVID = """\
`data/camvid` is CamVid, of the Cambridge-driving Labeled Video Database, as published with SegNet. It is for
**non-commercial use** only (CC BY-NC 4.0). In a lesson, set `dataset = "camvid"`."""


def offline_readme(lessons: Sequence[Lesson], data: Sequence[str], version: str) -> str:
    """The README of a folder for a class without a network.

    Args:
        lessons: its lessons.
        data: the names of the folders in ``data``.
        version: of the package that has made it.

    Example:
        >>> print(offline_readme([], [], "0.1.0").splitlines()[2])
        Lessons, pretrained weights and data for a class. Each machine needs segnet-nb 0.1.0, and no network.
    """
    has = "camvid" in data
    parts = [
        _OFFLINE.format(
            version=version,
            and_camvid=" and CamVid" if has else "",
            camvid='\nexport SEGNET_NB_CAMVID="$PWD/data/camvid"' if has else "",
            camvid_windows='\n$env:SEGNET_NB_CAMVID = "$PWD\\data\\camvid"' if has else "",
        )
    ]
    if has:
        parts.append(_SHARED_CAMVID)
    others = [name for name in data if name != "camvid"]
    if others:
        listed = ", ".join(f"`../data/{name}`" for name in others)
        parts.append(f"Other data, as the lessons in `notebooks/` name them: {listed}.")
    parts.append(_table(lessons))
    return "\n\n".join(parts) + "\n"


def _table(lessons: Sequence[Lesson]) -> str:
    rows = [f"| {lesson.title} | {lesson.minutes or ''} | {len(lesson.questions)} |" for lesson in lessons]
    return "\n".join(["| lesson | minutes | exercises |", "|---|---|---|", *rows])

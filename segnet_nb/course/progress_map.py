"""What a reader has done: the map of the lessons, its export, and beginning again."""

from __future__ import annotations

import csv
import html
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.files import write_whole
from segnet_nb.course import progress_file
from segnet_nb.course.bank import FORMS, LESSONS, lesson_number, self_test
from segnet_nb.course.checking import exercise_ids
from segnet_nb.course.gains import gain

_TEST_NAMES = {"before": "Test before the course", "after": "Test after the course"}
_COLUMNS = ("kind", "lesson", "item", "state", "answer", "when")


@dataclass(frozen=True)
class LessonProgress:
    """One lesson of the map.

    Attributes:
        lesson: its number, such as ``"04"``.
        title: its title.
        exercises: by number, whether each was solved.
        questions: by id, whether the last answer is right; None where there is no answer.
    """

    lesson: str
    title: str
    exercises: dict[str, bool]
    questions: dict[str, bool | None]

    @property
    def solved(self) -> int:
        """How many exercises are solved."""
        return sum(self.exercises.values())

    @property
    def right(self) -> int:
        """How many questions are answered right."""
        return sum(state is True for state in self.questions.values())


class Progress:
    """The progress of a reader at the time of the call; shown as a table. See ``progress``."""

    def __init__(self) -> None:
        content = progress_file.load()
        self._content = content
        self._notices = progress_file.notices()
        self.lessons = tuple(_lesson(name, content) for name in LESSONS if name != "00")

    @property
    def tests(self) -> dict[str, int]:
        """Right answers of twelve, for each test that was taken."""
        return {
            which: self._content["tests"][which]["right"]
            for which in FORMS
            if which in self._content["tests"]
        }

    def _test_lines(self) -> list[str]:
        tests = self._content["tests"]
        lines = [
            f"{_TEST_NAMES[which]}: {tests[which]['right']} of {tests[which]['of']} right"
            if which in tests
            else f"{_TEST_NAMES[which]}: not taken yet"
            for which in FORMS
        ]
        if len(self.tests) == 2:
            lines.append(str(gain(tests["before"]["right"], tests["after"]["right"], tests["after"]["of"])))
        return lines

    def __repr__(self) -> str:
        rows = [("lesson", "exercises solved", "questions right")]
        rows += [
            (f"{each.lesson} {each.title}", _done(each.exercises), _done(each.questions))
            for each in self.lessons
        ]
        lines = [f"{name:<26}{exercises:<18}{questions}" for name, exercises, questions in rows]
        return "\n".join([*self._notices, *lines, *self._test_lines()])

    def _repr_html_(self) -> str:
        head = "".join(
            f'<th scope="col" style="text-align:left">{name}</th>'
            for name in ("Lesson", "Exercises", "Questions")
        )
        notices = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in self._notices)
        tests = "<br>".join(html.escape(line) for line in self._test_lines())
        return (
            f"{notices}<table><caption>Progress: what is done</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{''.join(map(_row, self.lessons))}</tbody></table><p>{tests}</p>"
        )

    def export(self, path: str | Path) -> Path:
        """Write the progress to a file: a table as ``.csv``, or everything as ``.json``.

        Args:
            path: the file; an existing one is replaced.

        Returns:
            The path.

        Raises:
            UserError: if its name ends in something else, or it cannot be written.

        Example:
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     file = Progress().export(Path(folder) / "progress.csv")
            ...     print(file.read_text().splitlines()[0])
            kind,lesson,item,state,answer,when
        """
        path = Path(path).expanduser()
        kinds = {
            ".csv": self._csv,
            ".json": lambda: json.dumps(self._content, indent=1, ensure_ascii=False) + "\n",
        }
        if path.suffix.lower() not in kinds:
            raise UserError(f"the file is {path.name!r}, its name must end in .csv or .json")
        try:
            write_whole(path, kinds[path.suffix.lower()]())
        except OSError as error:
            raise UserError(
                f"{path} could not be written ({error.strerror}); choose another folder"
            ) from error
        return path

    def _csv(self) -> str:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(self._records())
        return out.getvalue()

    def _records(self) -> list[tuple[Any, ...]]:
        content, rows = self._content, []
        for each in self.lessons:
            for name, solved in each.exercises.items():
                rows.append(
                    (
                        "exercise",
                        each.lesson,
                        name,
                        "solved" if solved else "open",
                        "",
                        content["exercises"].get(name, ""),
                    )
                )
            for name, state in each.questions.items():
                kept = content["self_tests"].get(name, {})
                words = {True: "right", False: "wrong", None: "open"}[state]
                rows.append(
                    ("question", each.lesson, name, words, kept.get("answer", ""), kept.get("when", ""))
                )
        for which in FORMS:
            kept = content["tests"].get(which)
            state = f"{kept['right']} of {kept['of']}" if kept else "open"
            rows.append(("test", "", which, state, "", (kept or {}).get("when", "")))
        return rows

    def reset(self, what: str = "all", *, sure: bool = False) -> Progress:
        """Remove answers and results, and return the new progress.

        Args:
            what: ``"all"``, a lesson such as ``"04"``, or ``"before"`` or ``"after"`` for a test.
            sure: must be True; otherwise nothing is removed.

        Raises:
            UserError: if ``sure`` is not True, or there is nothing of that name.

        Example:
            >>> Progress().reset(sure=True).tests
            {}
        """
        name = what if what in ("all", *FORMS) else lesson_number(what)
        if name not in ("all", *FORMS, *LESSONS):
            raise UserError(f"what is {what!r}, it must be 'all', 'before', 'after' or a lesson such as '04'")
        counts = [len(part) for part in _removed(progress_file.load(), name)]
        if sure is not True:
            raise UserError(
                f"this would remove {counts[0]} exercises, {counts[1]} answers and {counts[2]} test results "
                "for good; repeat it with sure=True, after export if you want to keep them"
            )

        def edit(content: dict[str, Any]) -> None:
            parts = zip(("exercises", "self_tests", "tests"), _removed(content, name), strict=True)
            for part, names in parts:
                for each in names:
                    del content[part][each]

        progress_file.change(edit)
        return Progress()


def progress() -> Progress:
    """The map of the course: for each lesson, which exercises are solved and which questions are right.

    It is kept in one small file of the reader's, in the user's data folder or where ``SEGNET_NB_PROGRESS``
    says (``off`` keeps nothing). Where no reader is present, as when papermill runs a notebook, nothing is
    kept.

    Example:
        >>> [(each.lesson, len(each.exercises), len(each.questions)) for each in progress().lessons[-2:]]
        [('10', 3, 3), ('11', 3, 3)]
    """
    return Progress()


def _lesson(name: str, content: dict[str, Any]) -> LessonProgress:
    questions, kept = self_test(name), content["self_tests"]
    return LessonProgress(
        name,
        LESSONS[name][1],
        {each: each in content["exercises"] for each in exercise_ids(name)},
        {each["id"]: kept[each["id"]]["right"] if each["id"] in kept else None for each in questions},
    )


def _done(parts: dict[str, Any]) -> str:
    return f"{sum(state is True for state in parts.values())} of {len(parts)}" if parts else "–"


def _row(each: LessonProgress) -> str:
    link = f'<a href="{LESSONS[each.lesson][0]}.ipynb">{each.lesson} {each.title}</a>'
    cells = "".join(
        f'<td style="text-align:left">{_dots(parts)}</td>' for parts in (each.exercises, each.questions)
    )
    return f'<tr><th scope="row" style="text-align:left">{link}</th>{cells}</tr>'


def _dots(parts: dict[str, Any]) -> str:
    """A sign for each, and the count in words; the signs are not read aloud."""
    if not parts:
        return "–"
    signs = "".join("●" if state is True else "○" for state in parts.values())
    return f'<span aria-hidden="true">{signs}</span> {_done(parts)}'


def _removed(content: dict[str, Any], name: str) -> tuple[list[str], list[str], list[str]]:
    """What a reset removes: exercises, answers, tests."""
    exercises, answers = (
        [each for each in content[part] if name == "all" or each.startswith(f"{name}.")]
        for part in ("exercises", "self_tests")
    )
    return exercises, answers, [each for each in content["tests"] if name in ("all", each)]

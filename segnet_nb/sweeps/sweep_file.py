"""The file of a sweep: YAML, read strictly."""

from __future__ import annotations

import difflib
import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segnet_nb._shared.errors import MissingFileError, UserError
from segnet_nb.sweeps import outputs, sampling
from segnet_nb.sweeps.limits import MAX_RUNS, Limits, read_limits
from segnet_nb.sweeps.search import Search, check_prune
from segnet_nb.sweeps.subjects import Subject, notebook_subject, training_subject
from segnet_nb.training.config import TrainConfig
from segnet_nb.training.recipes import recipe

SUBJECTS = ("notebook", "training", "recipe")
AXES = ("grid", "rows", "random", "seeds")
VARIED = (*AXES, "search")
FIELDS = ("name", *SUBJECTS, "fixed", *VARIED, "maximize", "run", "outputs")


@dataclass(frozen=True)
class SweepFile:
    """What a file of a sweep says; its parameters are not checked yet."""

    name: str
    what: tuple[str, Any]
    fixed: dict[str, Any]
    grid: dict[str, list[Any]]
    rows: list[dict[str, Any]]
    random: list[dict[str, Any]]
    seeds_parameter: str | None
    seeds: list[Any]
    maximize: str
    limits: Limits
    search: Search | None = None
    outputs: str | None = None

    def subject(self) -> Subject:
        """The notebook or the training."""
        field, value = self.what
        if field == "notebook":
            return notebook_subject(value)
        return training_subject(recipe(value) if field == "recipe" else TrainConfig())

    def parts(self) -> list[list[dict[str, Any]]]:
        """Lists of rows: the runs are all combinations of one row of each."""
        parts = [[{name: value} for value in values] for name, values in self.grid.items()]
        parts += [part for part in (self.rows, self.random) if part]
        if self.seeds_parameter is not None:
            parts.append([{self.seeds_parameter: seed} for seed in self.seeds])
        return parts

    def check_names(self, known: tuple[str, ...]) -> None:
        """Raise unless each parameter exists and is set in one place.

        Raises:
            ValueError: if not.
        """
        in_rows = dict.fromkeys(name for row in self.rows for name in row)
        drawn = self.random[0] if self.random else {}
        searched = self.search.ranges if self.search else {}
        seed = [] if self.seeds_parameter is None else [self.seeds_parameter]
        places = {"fixed": self.fixed, "grid": self.grid, "rows": in_rows, "random": drawn}
        seen: dict[str, str] = {}
        for place, names in {**places, "seeds": seed, "search": searched}.items():
            for name in names:
                if name not in known:
                    raise UserError(f"{place}: there is no parameter {name!r}.{_close(name, known)}")
                if name in seen:
                    raise UserError(f"{name!r} is set in {seen[name]} and in {place}. Remove one of them.")
                seen[name] = place


def read(source: str | Path | Mapping[str, Any]) -> SweepFile:
    """Read a sweep.

    Args:
        source: path of a YAML file, or what it holds.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not a sweep.
    """
    if isinstance(source, Mapping):
        content, stem, folder = dict(source), "sweep", Path()
    else:
        path = Path(source)
        content, stem, folder = _load(path), path.stem, path.parent
    for field in content:
        if field not in FIELDS:
            raise UserError(f"a sweep has no field {field!r}.{_close(str(field), FIELDS)}")
    name = content.get("name", stem)
    if not isinstance(name, str) or not re.fullmatch(r"\w[\w.-]*", name):
        raise UserError(f"name: expected letters, digits, '_', '-' and '.', got {name!r}. Give another name.")
    maximize = content.get("maximize", "mean_iou")
    if not isinstance(maximize, str) or not maximize:
        raise UserError(f"maximize: expected the name of a score, got {maximize!r}. Write mean_iou.")
    parameter, seeds = _seeds(content.get("seeds"))
    what = _what(content, folder)
    found = SweepFile(
        name=name,
        what=what,
        fixed=_mapping("fixed", content.get("fixed", {})),
        grid=_grid(_mapping("grid", content.get("grid", {}))),
        rows=_rows(content.get("rows")),
        random=_random(content.get("random")),
        seeds_parameter=parameter,
        seeds=seeds,
        maximize=maximize,
        limits=read_limits(_mapping("run", content.get("run", {}))),
        search=_search(content.get("search"), what[0] == "notebook", maximize),
        outputs=outputs.check(content.get("outputs")),
    )
    _check_axes(found)
    return found


def _check_axes(found: SweepFile) -> None:
    if found.search and found.parts():
        raise UserError(f"search: it chooses the runs alone. Remove {', '.join(AXES)}, or the search.")
    if not found.search and not found.parts():
        raise UserError(
            f"nothing is varied: add one of {', '.join(VARIED)}. One run alone is `segnet-nb report`."
        )


def _load(path: Path) -> dict[str, Any]:
    import yaml

    if not path.is_file():
        raise MissingFileError(f"there is no sweep at {path}. Pass the path of a .yml file.")
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _strict_loader())  # noqa: S506 (a SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        text = " ".join(str(error).split())
        raise UserError(f"{path} is not valid YAML: {text}. Correct the file.") from None
    return _mapping(str(path), content)


def _strict_loader() -> type:
    """PyYAML's safe loader, which refuses a name that stands twice: PyYAML takes the last one quietly."""
    import yaml

    class Loader(yaml.SafeLoader):
        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
            names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            for name in names:
                if names.count(name) > 1:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"{name!r} stands twice", node.start_mark
                    )
            return super().construct_mapping(node, deep)

    return Loader


def _what(content: Mapping[str, Any], folder: Path) -> tuple[str, Any]:
    given = [field for field in SUBJECTS if content.get(field) is not None]
    if len(given) != 1:
        got = " and ".join(given) or "none of them"
        raise UserError(f"a sweep runs one of {', '.join(SUBJECTS)}, got {got}. Write notebook: PATH.ipynb.")
    field, value = given[0], content[given[0]]
    if field == "training":
        if value is not True:
            raise UserError(f"training: expected true, got {value!r}. Fields of the training go to fixed.")
        return field, value
    if not isinstance(value, str | Path) or not str(value):
        raise UserError(
            f"{field}: expected a text, got {value!r}. Give a {'path' if field == 'notebook' else 'name'}."
        )
    if field == "notebook":
        path = Path(value)
        # As paths of parameters: where the person is, else beside the file.
        return field, path if path.is_file() or not (folder / path).is_file() else folder / path
    return field, value


def _grid(grid: dict[str, Any]) -> dict[str, list[Any]]:
    return {name: _list(f"grid: {name}", values) for name, values in grid.items()}


def _rows(rows: Any) -> list[dict[str, Any]]:
    if rows is None:
        return []
    return [_mapping("rows", row) for row in _list("rows", rows)]


def _random(section: Any) -> list[dict[str, Any]]:
    if section is None:
        return []
    given = _section("random", section, ("runs", "seed", "parameters"))
    return sampling.draw_rows(_ranges("random", given), *_runs_and_seed("random", given))


def _search(section: Any, is_notebook: bool, maximize: str) -> Search | None:
    if section is None:
        return None
    given = _section("search", section, ("runs", "seed", "parameters", "prune"))
    ranges, (count, seed) = _ranges("search", given), _runs_and_seed("search", given)
    if not ranges:
        raise UserError("search: parameters: there are none to choose. Add one with its range.")
    return Search(count, seed, ranges, check_prune(given.get("prune"), is_notebook, maximize))


def _runs_and_seed(name: str, given: dict[str, Any]) -> tuple[int, int]:
    count = _count(f"{name}: runs", given.get("runs"), 1, MAX_RUNS)
    return count, _count(f"{name}: seed", given.get("seed", 0), 0)


def _ranges(name: str, given: dict[str, Any]) -> dict[str, sampling.Range]:
    ranges = _mapping(f"{name}: parameters", given.get("parameters"))
    return {each: sampling.read_range(f"{name}: {each}", one) for each, one in ranges.items()}


def _seeds(section: Any) -> tuple[str | None, list[Any]]:
    if section is None:
        return None, []
    parameter = "seed"
    if isinstance(section, dict):
        given = _section("seeds", section, ("parameter", "values"))
        parameter, section = given.get("parameter", "seed"), given.get("values")
    if not isinstance(parameter, str):
        raise UserError(f"seeds: parameter must be a name, got {parameter!r}. Write seed.")
    if isinstance(section, int):
        return parameter, list(range(_count("seeds", section, 1, MAX_RUNS)))
    seeds = [_count("seeds", seed, 0) for seed in _list("seeds", section)]
    return parameter, seeds


def _section(name: str, value: Any, known: tuple[str, ...]) -> dict[str, Any]:
    found = _mapping(name, value)
    for field in found:
        if field not in known:
            raise UserError(f"{name}: there is no {field!r}.{_close(field, known)}")
    return found


def _mapping(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise UserError(f"{name}: expected names with values, got {value!r}. Write lines such as epochs: 5.")
    return dict(value)


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list | tuple) or not value:
        raise UserError(f"{name}: expected a list of at least one value, got {value!r}. Write [a, b].")
    return list(value)


def _count(name: str, value: Any, low: int, high: int = 2**31 - 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        bounds = f"at least {low} and at most {high:,}"
        raise UserError(f"{name}: expected a whole number of {bounds}, got {value!r}. Change it.")
    return value


def _close(name: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else f" Use one of {', '.join(known)}."

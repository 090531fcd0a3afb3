"""Imports run one way, and what needs no framework loads none."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import segnet_nb

PACKAGE = Path(segnet_nb.__file__).parent
FRAMEWORKS = {"keras", "tensorflow", "torch", "jax"}

# Floors, low to high. A module imports from its own room and from rooms on lower floors, nothing else.
FLOORS = (
    {"_shared"},
    {"networks", "losses", "metrics", "datasets"},
    {"inference"},
    {"training"},
    {"probes"},
    {"visualizers"},
    {"widgets", "reports"},
    {"course", "sweeps"},
    {"teaching"},
    {"cli"},
)
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}

# Where frameworks may be imported at all; TensorFlow's own functions once it is known to be the backend.
WITH = {
    "keras": {"_shared", "networks", "losses", "metrics", "inference", "training", "probes"},
    "tensorflow": {"networks", "training", "inference"},
}


def imports_of(source):
    """Everything a piece of Python imports, wherever it stands, also for type checkers alone."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where a module stands"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (argument.value for argument in node.args if isinstance(argument, ast.Constant))


def module_name(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def exports_of(package):
    """Which module each name of a package is from, as its stub says."""
    stub = FILES[package].with_suffix(".pyi")
    if not stub.exists():
        return {}
    found = {}
    for node in ast.parse(stub.read_text(encoding="utf-8")).body:
        for alias in node.names:
            origin = f"{package}.{node.module}" if node.module else package
            found[alias.name] = f"{origin}.{alias.name}"
    return found


def module_behind(name):
    """The module that an imported dotted name is in, whatever package hands it on."""
    if name in FILES:
        return name
    holder, _, last = name.rpartition(".")
    if holder not in FILES:
        return module_behind(holder)
    onward = exports_of(holder).get(last)
    return module_behind(onward) if onward and onward != name else holder


def used_by(module):
    names = set(imports_of(FILES[module].read_text(encoding="utf-8")))
    return {module_behind(name) for name in names if name.startswith("segnet_nb.")} - {module}


def room_of(module):
    return module.split(".")[1] if "." in module else ""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import keras", {"keras"}),
        ("import keras.ops as ops, numpy", {"keras.ops", "numpy"}),
        ("from segnet_nb import layers, model", {"segnet_nb.layers", "segnet_nb.model"}),
        ("def f():\n    if f:\n        from torch import nn", {"torch.nn"}),
        ("if TYPE_CHECKING:\n    import keras\nimport os", {"keras", "os"}),
        ("importlib.import_module('segnet_nb.model')", {"segnet_nb.model"}),
    ],
)
def test_the_reader_of_imports_misses_none(source, expected):
    assert set(imports_of(source)) == expected


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("segnet_nb.networks.layers.MaxUnpooling2D", "segnet_nb.networks.layers"),
        ("segnet_nb.layers", "segnet_nb.networks.layers"),
        ("segnet_nb.metrics.scores", "segnet_nb.metrics.confusion"),
        ("segnet_nb.train", "segnet_nb.training.loop"),
    ],
)
def test_names_are_followed_to_their_modules(name, module):
    assert module_behind(name) == module


def test_every_module_is_in_a_room():
    loose = {path.stem for path in PACKAGE.glob("*.py")}
    assert loose == {"__init__"}
    assert {room_of(module) for module in FILES} - {""} == set(FLOOR_OF)
    assert len(FILES) > 80


@pytest.mark.parametrize("module", FILES)
def test_imports_run_one_way(module):
    room = room_of(module)
    if not room:
        return  # the package itself hands on names of all rooms, lazily
    wrong = {
        other
        for other in used_by(module)
        if room_of(other) != room and FLOOR_OF.get(room_of(other), 99) >= FLOOR_OF[room]
    }
    assert not wrong, f"{module} may not import {', '.join(sorted(wrong))}"


def test_no_module_reaches_itself():
    """No circle, not even one that only a type checker sees or that a function closes."""
    below = {module: used_by(module) - {"segnet_nb"} for module in FILES}
    while leaves := {module for module, others in below.items() if not others}:
        below = {m: others - leaves for m, others in below.items() if m not in leaves}
    assert not below, f"in circles or above one: {sorted(below)}"


@pytest.mark.parametrize("module", FILES)
def test_frameworks_stay_where_they_belong(module):
    names = set(imports_of(FILES[module].read_text(encoding="utf-8")))
    used = {name.split(".")[0] for name in names} & FRAMEWORKS
    if any(name.startswith("segnet_nb._shared.framework") for name in names):
        used.add("keras")
    allowed = {name for name, rooms in WITH.items() if room_of(module) in rooms}
    # The command line silences the framework; what it calls loads it.
    assert used <= allowed, f"{module} imports {', '.join(sorted(used - allowed))}"


# --- fresh interpreters -----------------------------------------------------------------------------

LOADS = """
import json, sys
result = {}
for name in sys.argv[1:]:
    __import__(name)
    heavy = ("keras", "tensorflow", "torch", "jax", "matplotlib", "papermill", "scipy", "PIL", "numpy")
    result[name] = [module for module in heavy if module in sys.modules]
print(json.dumps(result))
"""


def loaded_by(*names):
    """What is loaded after importing one after the other in a fresh interpreter."""
    run = subprocess.run(
        [sys.executable, "-c", LOADS, *names],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return json.loads(run.stdout)


def test_importing_the_package_loads_nothing():
    # A path to the package is all it needs; even NumPy waits.
    assert loaded_by("segnet_nb") == {"segnet_nb": []}


LIGHT = [
    f"segnet_nb.{name}"
    for name in (
        "training.config",
        "metrics",
        "datasets",
        "reports",
        "cli.main",
        "visualizers.masks",
        "widgets",
        "course",
        "teaching",
    )
]


def test_what_needs_no_framework_loads_none():
    loaded = loaded_by(*LIGHT)
    assert not FRAMEWORKS & set(loaded[LIGHT[-1]])
    # Matplotlib comes with pictures alone, papermill with a report that runs.
    assert not {"matplotlib", "papermill"} & set(loaded["segnet_nb.cli.main"])
    assert "matplotlib" in loaded["segnet_nb.visualizers.masks"]  # so that what is loaded is seen


def test_pictures_and_explorers_load_no_framework():
    names = [name for name in FILES if room_of(name) in ("visualizers", "widgets")]
    assert len(names) > 20
    assert not FRAMEWORKS & set(loaded_by(*names)[names[-1]])


def test_training_says_what_is_wrong_before_a_framework_loads():
    assert not FRAMEWORKS & set(loaded_by("segnet_nb.training.loop")["segnet_nb.training.loop"])


class TestPublicNames:
    def test_all_lead_somewhere(self):
        for name in segnet_nb.__all__:
            assert getattr(segnet_nb, name) is not None
        assert set(segnet_nb.__all__) <= set(dir(segnet_nb))

    def test_functions_are_those_of_their_modules(self):
        from segnet_nb import model, prediction, training

        assert segnet_nb.segnet_model is model.segnet_model
        assert segnet_nb.load_model is prediction.load_model
        assert segnet_nb.train is training.train
        assert segnet_nb.networks.model is model

    def test_a_name_that_does_not_exist(self):
        with pytest.raises(AttributeError, match="No segnet_nb attribute unet"):
            _ = segnet_nb.unet

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

# What each module may import of this package, also inside functions. A package stands for its modules,
# which may import each other. A new module gets its line here: where does it stand?
MAY_IMPORT = {
    "_framework": set(),
    "_ids": set(),
    "_targets": {"_ids"},
    "_typed_values": set(),
    "_run_files": set(),
    "class_balance": {"_ids"},
    "_loss_functions": {"_targets", "_ids"},
    "losses": {"_loss_functions", "_targets", "_ids", "class_balance"},
    "boundaries": {"_ids"},
    "metrics": {"_ids", "boundaries", "keras_metrics"},
    "keras_metrics": {"_ids", "_targets", "boundaries", "metrics"},
    "layers": {"_compiled_pooling"},
    "_compiled_pooling": set(),
    "_convolution_gradients": set(),
    "_fused_normalization": set(),
    "_linear_end": set(),
    "normalization": set(),
    "_blocks": set(),
    "decoders": {"_blocks", "layers"},
    "model": {"_blocks", "decoders", "layers", "normalization"},
    "datasets": set(),
    "config": {"datasets"},
    "recipes": {"config"},
    "comparison": {
        *("_training_setup", "config", "datasets", "decoders", "evaluation", "model", "prediction"),
        "training",
    },
    "folding": {"layers"},
    "prediction": {"folding", "layers", "losses", "normalization"},
    "uncertainty": {"prediction"},
    "calibration": {"_ids"},
    "evaluation": {"calibration", "datasets", "metrics", "prediction", "uncertainty"},
    "logit_adjustment": {"datasets", "metrics", "prediction"},
    "exporting": {"folding", "_framework"},
    "clips": {"datasets"},
    "_training_setup": {
        *("_convolution_gradients", "_fused_normalization", "_linear_end", "config", "datasets", "losses"),
    },
    "training": {
        *("_framework", "config", "datasets", "layers", "losses", "metrics", "model", "normalization"),
        *("_training_setup", "_run_files", "logit_adjustment", "prediction", "pretrained"),
    },
    "pretrained": {"_run_files", "datasets", "model", "prediction"},
    "prediction_files": {"datasets", "prediction", "visualizers"},
    "index_packing": set(),
    "probes": {
        "datasets",
        "decoders",
        "index_packing",
        "layers",
        "metrics",
        "model",
        "normalization",
        "prediction",
        "uncertainty",
    },
    "visualizers": {"datasets", "metrics", "probes"},
    "widgets": {"calibration", "datasets", "metrics", "probes", "visualizers"},
    "_report_math": set(),
    "_report_parameters": {"_typed_values"},
    "_report_progress": set(),
    "_report_engine": {"_report_parameters", "_report_progress"},
    "_report_widgets": set(),
    "_report_html": {"_report_math", "_report_parameters", "_report_widgets"},
    "reports": {"_report_engine", "_report_html", "_report_parameters", "_report_progress", "_typed_values"},
}
# The command line may import everything but widgets; the package's own names are imported by name.
MAY_IMPORT["cli"] = set(MAY_IMPORT) - {"widgets"}
MAY_IMPORT["__init__"] = {"_framework"}

WITH = {
    "keras": {
        *("_loss_functions", "_targets", "keras_metrics", "layers", "losses", "model", "normalization"),
        *("prediction", "prediction_files", "pretrained", "probes", "training", "_framework", "__init__"),
        *(
            "_blocks",
            "_convolution_gradients",
            "_fused_normalization",
            "_linear_end",
            "decoders",
            "exporting",
            "folding",
            "uncertainty",
            "_training_setup",
        ),
    },
    # Its own functions are asked for inside functions, once TensorFlow is known to be the backend.
    "tensorflow": {
        "layers",
        "_compiled_pooling",
        "_convolution_gradients",
        "_fused_normalization",
        "exporting",
        "training",
        "_training_setup",
    },
}


def room_of(path):
    """The module or the package directly under ``segnet_nb`` that a file belongs to."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports_of(source):
    """Everything a piece of Python imports, wherever it stands; what type checkers alone see left out."""
    tree = ast.parse(source)
    hidden = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where a module stands"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (argument.value for argument in node.args if isinstance(argument, ast.Constant))


FILES = sorted(PACKAGE.rglob("*.py"))


def of_package(names):
    return {name.split(".")[1] for name in names if name.startswith("segnet_nb.")}


def of_frameworks(names):
    return {name.split(".")[0] for name in names} & FRAMEWORKS


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import keras", {"keras"}),
        ("import keras.ops as ops, numpy", {"keras.ops", "numpy"}),
        ("from segnet_nb import layers, model", {"segnet_nb.layers", "segnet_nb.model"}),
        ("from segnet_nb.layers import f", {"segnet_nb.layers.f"}),
        ("def f():\n    if f:\n        from torch import nn", {"torch.nn"}),
        ("if TYPE_CHECKING:\n    import keras\nimport os", {"os"}),
        ("importlib.import_module('segnet_nb.model')", {"segnet_nb.model"}),
    ],
)
def test_the_reader_of_imports_misses_none(source, expected):
    assert set(imports_of(source)) == expected


def test_every_module_has_its_place():
    assert {room_of(path) for path in FILES} <= set(MAY_IMPORT)
    assert len(FILES) > 30


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path):
    room = room_of(path)
    names = set(imports_of(path.read_text(encoding="utf-8")))
    beyond = of_package(names) - MAY_IMPORT[room] - {room}
    assert not beyond, f"{room} may not import {', '.join(sorted(beyond))}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_frameworks_stay_where_they_belong(path):
    room = room_of(path)
    allowed = {name for name, rooms in WITH.items() if room in rooms}
    assert of_frameworks(imports_of(path.read_text(encoding="utf-8"))) <= allowed


def test_the_order_has_no_circle_but_one():
    """Followed through, nobody reaches itself; ``metrics`` offers ``keras_metrics`` by name, lazily."""

    def reached_from(room, seen):
        for other in MAY_IMPORT[room] - seen:
            seen.add(other)
            reached_from(other, seen)
        return seen

    assert {room for room in MAY_IMPORT if room in reached_from(room, set())} == {"metrics", "keras_metrics"}


@pytest.mark.parametrize("room", ["layers", "model", "losses", "metrics", "datasets"])
def test_the_core_reaches_no_training_and_no_picture(room):
    reached, todo = set(), {room}
    while todo:
        reached |= todo
        todo = set().union(*(MAY_IMPORT[name] for name in todo)) - reached
    assert not reached & {"training", "prediction", "visualizers", "widgets", "reports", "cli", "pretrained"}


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
    for name in ("config", "metrics", "datasets", "reports", "cli", "visualizers", "widgets")
]


def test_what_needs_no_framework_loads_none():
    loaded = loaded_by(*LIGHT)
    assert not FRAMEWORKS & set(loaded[LIGHT[-1]])
    # Matplotlib comes with pictures alone, papermill with a report that runs.
    assert not {"matplotlib", "papermill"} & set(loaded["segnet_nb.cli"])
    assert "matplotlib" in loaded["segnet_nb.visualizers"]  # so that what is loaded is seen


def test_explorers_load_no_framework():
    names = [f"segnet_nb.widgets.{path.stem}" for path in sorted((PACKAGE / "widgets").glob("[a-z]*.py"))]
    assert len(names) >= 2
    assert not FRAMEWORKS & set(loaded_by(*names)[names[-1]])


def test_training_says_what_is_wrong_before_a_framework_loads():
    assert not FRAMEWORKS & set(loaded_by("segnet_nb.training")["segnet_nb.training"])


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
        assert segnet_nb.model is model

    def test_a_name_that_does_not_exist(self):
        with pytest.raises(AttributeError, match="module 'segnet_nb' has no attribute 'unet'"):
            _ = segnet_nb.unet

"""Pages of the API reference: what each part of the package offers, from its docstrings."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import segnet_nb

ROOT = Path(__file__).parents[2]
PARTS = {
    "datasets": "Datasets",
    "networks": "Networks and layers",
    "losses": "Losses",
    "metrics": "Metrics",
    "training": "Training",
    "inference": "Inference and export",
    "probes": "Probes",
    "visualizers": "Figures",
    "widgets": "Inspectors",
    "reports": "Reports",
    "sweeps": "Sweeps",
    "course": "Exercises and progress",
    "teaching": "Teaching",
}


def public(part: str) -> dict[str, Any]:
    """Functions and classes that a part lists, and those of its listed modules, by import path."""
    found: dict[str, Any] = {}
    seen: set[int] = set()
    package = importlib.import_module(f"segnet_nb.{part}")
    names = _listed(part)
    places = [(f"segnet_nb.{part}", package, names)]
    for name in names:
        module = getattr(package, name)
        if inspect.ismodule(module):
            places.append((module.__name__, module, [each for each in vars(module) if each[0] != "_"]))
    for place, module, members in places:
        for name in members:
            member = getattr(module, name)
            own = getattr(member, "__module__", "") or ""
            inside = own == place or (place == f"segnet_nb.{part}" and own.startswith("segnet_nb."))
            if (inspect.isclass(member) or inspect.isfunction(member)) and inside and id(member) not in seen:
                seen.add(id(member))
                found[f"{place}.{name}"] = member
    return found


def _listed(part: str) -> list[str]:
    stub = ROOT / "segnet_nb" / part / "__init__.pyi"
    return re.findall(r"\bas (\w+),", stub.read_text(encoding="utf-8"))


def write(folder: Path) -> None:
    """Write a page for each part, and their index."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, title in PARTS.items():
        lines = [title, "=" * len(title), "", f".. currentmodule:: segnet_nb.{part}", ""]
        for path, member in public(part).items():
            if inspect.isclass(member):
                lines += [f".. autoclass:: {path}", "   :members:", "   :exclude-members: set", ""]
            else:
                lines += [f".. autofunction:: {path}", ""]
        (folder / f"{part}.rst").write_text("\n".join(lines), encoding="utf-8")
    lines = ["Errors", "======", ""]
    for name in sorted(name for name in dir(segnet_nb) if name.endswith("Error")):
        lines += [f".. autoclass:: segnet_nb.{name}", ""]
    (folder / "errors.rst").write_text("\n".join(lines), encoding="utf-8")
    index = [
        "API reference",
        "=============",
        "",
        "In all examples the package is imported as ``import segnet_nb as sn``.",
        "",
        ".. toctree::",
        "   :maxdepth: 1",
        "",
        *(f"   {part}" for part in (*PARTS, "errors")),
    ]
    (folder / "index.rst").write_text("\n".join([*index, ""]), encoding="utf-8")

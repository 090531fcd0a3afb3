"""The process of runs: ``python -m segnet_nb.sweeps.child`` runs the job of each folder that a line names.

The lines come on its standard input, each a path as JSON; the folder has ``job.json`` and gets
``result.json`` when the job is done. The input is a pipe that closes when the worker dies, and the process
ends with it.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from segnet_nb._shared.files import write_whole
from segnet_nb._shared.versions import versions_of
from segnet_nb.sweeps.record import MIME, contents, jpeg_of
from segnet_nb.sweeps.supervising import PROGRESS_FILE, RESULT_FILE, STOP_FILE

PACKAGES = ("segnet-nb", "keras", "tensorflow", "numpy")
PICTURES = 4


class _Jobs:
    """The folders that the input names; if it ends in the middle of a job, so does this process."""

    def __init__(self) -> None:
        self._folders: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
        self._given = self._done = 0
        threading.Thread(target=self._read, daemon=True).start()

    def next(self) -> Path | None:
        """The next folder; None at the end of the input."""
        return self._folders.get()

    def done(self) -> None:
        """The job is done but for its result, which the worker takes as the sign to give the next one."""
        self._done += 1

    def _read(self) -> None:
        rest = b""
        while read := os.read(0, 65536):  # not sys.stdin: its lock would break the end of the interpreter
            *lines, rest = (rest + read).split(b"\n")
            for line in lines:
                self._given += 1
                self._folders.put(Path(json.loads(line)))
        self._folders.put(None)
        if self._given > self._done:
            _end_at_once()


def main() -> None:
    """Run the job of each folder, to the end of the input."""
    jobs, home = _Jobs(), Path.cwd()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # local workers ignore it; kernels need it
    # jsonschema would build a grammar for a check that notebooks do not use; that takes more than a second.
    sys.modules.setdefault("rfc3987_syntax", cast(ModuleType, None))
    while folder := jobs.next():
        _run(folder, jobs.done)
        os.chdir(home)  # the folder is removed


def _end_at_once() -> None:
    import psutil

    for process in psutil.Process().children(recursive=True):
        process.kill()
    os._exit(1)


def _run(folder: Path, done: Callable[[], None]) -> None:
    with (folder / "log.txt").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    place = Path(job["cwd"])
    os.chdir(place if place.is_dir() else folder)
    (folder / "run").mkdir()
    result = _run_notebook(folder, job) if job["kind"] == "notebook" else _run_training(folder, job)
    result["versions"] = versions_of(*PACKAGES)
    done()
    write_whole(folder / RESULT_FILE, json.dumps(result, allow_nan=False))


def _run_notebook(folder: Path, job: dict[str, Any]) -> dict[str, Any]:
    from segnet_nb import reports

    state, error = "finished", None
    source = _source(folder, job)
    try:
        paths = reports.run(
            source, job["parameters"], folder / "out", timeout_seconds=job["timeout_seconds"], progress=False
        )
        notebook, page = paths.notebook, paths.html
    except reports.ReportError as failure:
        notebook, page = failure.notebook_path, failure.html_path
        lines = str(failure).splitlines()
        error = lines[1].strip() if len(lines) > 1 else lines[0]
        timed_out = error.startswith("TimeoutError: the time limit of")
        state = "timed_out" if timed_out else "failed"
    if notebook is None:
        return {"state": state, "error": error}
    notebook.replace(folder / "run" / "notebook.ipynb")
    if page is not None:
        page.replace(folder / "run" / "report.html")
    found = _records_in(folder / "run" / "notebook.ipynb")
    return {"state": state, "error": error} | _stored(folder, found)


def _source(folder: Path, job: dict[str, Any]) -> Path:
    """The notebook where it is, if this machine has it, so that it finds what is beside it."""
    path = Path(job["path"])
    own = folder / path.name
    own.write_text(job["content"], encoding="utf-8")
    if path.is_file():
        from segnet_nb.sweeps.subjects import notebook_subject

        if notebook_subject(path).content == job["content"]:
            return path
    return own


def _records_in(notebook: Path) -> dict[str, Any]:
    """What the cells recorded; later cells replace what earlier ones gave."""
    found: dict[str, Any] = {}
    pictures: dict[str, Any] = {}
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", ()):
            content = output.get("data", {}).get(MIME)
            if isinstance(content, dict):
                found |= {name: value for name, value in content.items() if value}
                pictures |= {entry["image"]: entry for entry in content.get("pictures", ())}
    return found | {"pictures": list(pictures.values())}


def _stored(folder: Path, content: dict[str, Any]) -> dict[str, Any]:
    """Write the pictures of a record to files; returns what ``run.json`` says of it."""
    masks, images = [], folder / "images"
    for number, entry in enumerate(content.get("pictures", ()), start=1):
        images.mkdir(exist_ok=True)
        mask = folder / "run" / "masks" / f"{number:04d}.png"
        mask.parent.mkdir(exist_ok=True)
        mask.write_bytes(base64.b64decode(entry["mask"]))
        (images / f"{entry['image']}.jpg").write_bytes(jpeg_of(entry["pixels"]))
        if "truth" in entry:
            (images / f"{entry['image']}-truth.png").write_bytes(base64.b64decode(entry["truth"]))
        masks.append({"image": entry["image"], "name": entry["name"], "mask": f"masks/{mask.name}"})
    names = ("scores", "class_scores", "history", "classes")
    return {name: content[name] for name in names if name in content} | {"masks": masks}


def _run_training(folder: Path, job: dict[str, Any]) -> dict[str, Any]:
    from segnet_nb import training
    from segnet_nb.training.speed.onednn import prefer_onednn

    prefer_onednn()  # before the next line, which imports TensorFlow
    from segnet_nb.training.data import load_data

    deadline = time.monotonic() + job["timeout_seconds"]

    def stop_in_time(*_: Any) -> None:
        if time.monotonic() > deadline or (folder / STOP_FILE).exists():
            raise training.StopTraining

    def tell(report: Any, _: Any) -> None:
        write_whole(folder / PROGRESS_FILE, json.dumps(dataclasses.asdict(report)))

    config = training.TrainConfig.from_dict(job["config"])
    try:
        data = load_data(config)
        run = training.train(
            config,
            directory=folder / "training",
            progress=False,
            on_step=stop_in_time,
            on_epoch=tell,
            data=data,
        )
        found = _stored(folder, _training_record(run, data[1])) if run.best_epoch else {}
    except (ValueError, OSError, MemoryError, RuntimeError) as failure:
        return {"state": "failed", "error": f"{type(failure).__name__}: {failure}"}
    if run.status != "finished":
        error = f"the time limit of {job['timeout_seconds']:g} s for the run was reached"
        return {"state": "timed_out", "error": error} | found
    return {"state": "finished", "error": None} | found


def _training_record(run: Any, val: Any) -> dict[str, Any]:
    from segnet_nb.inference import evaluation
    from segnet_nb.inference.prediction import predict

    found = evaluation.evaluate(run.model, val)
    scores = ("mean_iou", "global_accuracy", "class_average")
    pairs = [val.pair(number) for number in range(min(PICTURES, len(val)))]
    return contents(
        scores={name: float(getattr(found.scores, name)) for name in scores}
        | {"boundary_f1": found.boundary_f1},
        class_scores={"iou": dict(zip(found.names, map(float, found.scores.class_iou), strict=True))},
        history=run.history,
        classes=run.classes,
        images=[image for image, _ in pairs],
        truth=[labels for _, labels in pairs],
        masks=[predict(run.model, image)[0] for image, _ in pairs],
        names=list(val.names[: len(pairs)]),
    )


if __name__ == "__main__":
    main()

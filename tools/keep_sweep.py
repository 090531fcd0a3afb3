"""Run a sweep of ``data/sweeps`` and keep the scores of its runs in ``data/results``.

    python tools/keep_sweep.py decoders [--scheduler ADDRESS] [--workers INT] [--output-dir reports/decoders]

What has finished is not run again, so it can be stopped at any time. The scores are kept once all runs have
finished. ``decoders`` is the sweep of lesson 09, which needs CamVid and takes hours; ``learning_rates`` is
that of lesson 05. The gallery is in the output folder.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from segnet_nb import sweeps
from segnet_nb._shared.files import write_whole
from segnet_nb.sweeps.store import Store
from segnet_nb.training.decoder_scores import SCORES

ROOT = Path(__file__).parents[1]
SWEEPS, RESULTS = ROOT / "data" / "sweeps", ROOT / "data" / "results"


def kept(folder: Path) -> list[dict[str, Any]]:
    """The parameters that vary and the scores of each run of a sweep, in the order of its plan."""
    store = Store(folder)
    plan = json.loads((folder / "sweep.json").read_text(encoding="utf-8"))
    rows = []
    for key in plan["runs"]:
        record = store.record(key)
        if record is None or record["state"] != "finished":
            raise SystemExit(f"run {key} has not finished. Run this again.")
        names = {name: record["parameters"][name] for name in plan["axes"]}
        rows.append(names | {score: round(record["scores"][score], 3) for score in SCORES})
    return rows


def text_of(rows: list[dict[str, Any]]) -> str:
    """The file: a run a line."""
    return "[\n  " + ",\n  ".join(map(json.dumps, rows)) + "\n]\n"


def main() -> None:
    """Run what is missing, then write the file."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("name", choices=sorted(path.stem for path in SWEEPS.glob("*.yml")))
    parser.add_argument("--scheduler", metavar="ADDRESS")
    parser.add_argument("--workers", type=int, metavar="INT")
    parser.add_argument("--output-dir", type=Path, metavar="DIR")
    options = parser.parse_args()
    source = SWEEPS / f"{options.name}.yml"
    done = sweeps.sweep(source, options.output_dir, scheduler=options.scheduler, workers=options.workers)
    write_whole(RESULTS / f"{options.name}.json", text_of(kept(done.folder)))
    print(f"data/results/{options.name}.json")


if __name__ == "__main__":
    main()

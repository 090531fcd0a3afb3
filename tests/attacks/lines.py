"""Command lines that cannot work, or look as if they could."""

from __future__ import annotations

# Values that are no number, no size and no choice.
NUMBERS = ("", "x", "nan", "inf", "-inf", "1e999", "0x10", "1_0", "٣", "1.5", "-1", "0", "9" * 30, "9" * 5000)
SIZES = (
    "0x10",
    "10x0",
    "-5x10",
    "1000000x1000000",
    "10x",
    "x",
    "10x10x10",
    "1e3x1e3",
    "٣x٣",
    "99999999999x1",
)
PATHS = ("file/below", "nowhere", "''", "adir.tflite", "pipe", "loop", "/dev/null", "/proc/1/mem", "a" * 300)
PATHS += ("'a\nb'", "..", "~nobody/x", "{braces}", "%s", "../../../../../../etc/passwd", "file")

TRAIN = "train --dataset synthetic --run-dir run"
EVALUATE = "evaluate --weights small-synthetic --dataset synthetic --output-dir out"
PREDICT = "predict photos --weights small-synthetic --output-dir out"
EXPORT = "export out.onnx --weights small-synthetic"

# Numbers that these options would take, so they would train.
_MAY_BE_ZERO = {"--seed", "--warmup-epochs", "--weight-decay", "--momentum", "--dropout", "--color-jitter"}
_MAY_BE_ZERO |= {
    "--photometric",
    "--class-mix-prob",
    "--ema-momentum",
    "--rare-class-crop-prob",
    "--final-epochs",
    "--teacher-share",
}

LINES: list[str] = [
    *(
        "",
        "nothing",
        "--nothing",
        "--version --nothing",
        "train evaluate",
        "-",
        "--",
        "''",
        "train --",
        "\0",
        "é",
    ),
    *("data", "data nothing", "course", "course nothing", "sweep", "report", "export", "predict", "evaluate"),
    *(f"{TRAIN} --image-size {size}" for size in SIZES),
    *(f"{TRAIN} --image-size={size}" for size in SIZES[:3]),
    *(f"{TRAIN} --final-size {size} --final-epochs 1" for size in SIZES[:4]),
    *(f"{TRAIN} --epochs {number}" for number in NUMBERS if number not in ("1_0", "٣")),
    *(
        f"{TRAIN} --train-count={number} --image-size 16x24"
        for number in NUMBERS
        if number not in ("1_0", "٣")
    ),
    *(f"{TRAIN} --batch-size {number}" for number in ("0", "-1", "x", "1.5", "nan")),
    *(f"{TRAIN} --learning-rate={number}" for number in ("0", "-1", "nan", "inf", "x", "1e999")),
    *(f"{TRAIN} {option}=-1" for option in sorted(_MAY_BE_ZERO)),
    *(f"{TRAIN} {option}=nan" for option in sorted(_MAY_BE_ZERO)),
    *(
        f"{TRAIN} {option} nothing"
        for option in ("--network", "--decoder", "--loss", "--optimizer", "--schedule")
    ),
    *(
        f"{TRAIN} {option} nothing"
        for option in ("--recipe", "--monitor", "--class-weights", "--lossy-masks")
    ),
    *(f"{TRAIN} --image-size 16x24 --hold-out {given}" for given in ("nothing", "", "'['", "'(('")),
    *(f"{TRAIN} --initial-weights {path}" for path in PATHS if path not in ("..", "''")),
    *(f"{TRAIN} --teacher {path}" for path in PATHS if path != "''"),
    *(
        f"train --dataset synthetic --epochs 1 --run-dir {path}"
        for path in ("file", "file/below", "/proc/run")
    ),
    *(f"train --dataset {path} --run-dir run" for path in PATHS if path != ".."),
    *(
        f"train --dataset synthetic --resume --run-dir {path}"
        for path in ("file", "badrun", "pipe", "/dev/null")
    ),
    *(),
    *(f"{TRAIN} --scale-min 3 --scale-max 1", f"{TRAIN} --scale-min 0", f"{TRAIN} --scale-max nan"),
    *(
        f"{TRAIN} --bootstrap",
        f"{TRAIN} extra",
        f"{TRAIN} --epochs",
        f"{TRAIN} --epochs 1 2",
        f"{TRAIN} --seed x",
    ),
    *(f"evaluate --weights {path} --dataset synthetic --output-dir out" for path in PATHS),
    *(
        f"evaluate --weights small-synthetic --output-dir out --dataset {path}"
        for path in PATHS
        if path != ".."
    ),
    *(
        f"evaluate --weights small-synthetic --dataset synthetic --output-dir {path}"
        for path in ("file", "pipe")
    ),
    *(f"{EVALUATE} --image-size {size}" for size in SIZES),
    *(f"{EVALUATE} --count={number}" for number in ("0", "-1", "x", "nan", "9" * 30, "99999999", "1.5")),
    *(f"{EVALUATE} --samples={number} --count 1" for number in ("-1", "x", "nan", "1.5")),
    *(f"{EVALUATE} --scales {given} --count 1" for given in ("0", "-1", "nan", "inf", "1e9", "1e-9", "x")),
    *(f"{EVALUATE} --by {given} --count 1" for given in ("'['", "'('", "'*'", "''", "'(?P<a'")),
    *(f"{EVALUATE} --split {given}" for given in ("nothing", "''", "../train", "1")),
    *(
        f"{EVALUATE} --map-classes {given} --count 1"
        for given in ("x", "=", "a=b", "Sky=", "=Sky", "Sky=Sky=Sky")
    ),
    *(f"{EVALUATE} --absent nothing", f"{EVALUATE} --lossy-masks x", f"{EVALUATE} --allow-layers"),
    *(f"{EVALUATE} --workers=-1 --count 1", f"{EVALUATE} --cache-dir file --count 1", f"{EVALUATE} extra"),
    *(f"predict {path} --weights small-synthetic --output-dir out" for path in PATHS if path != ".."),
    *(
        f"predict photos --weights small-synthetic --output-dir {path}"
        for path in ("file", "file/below", "pipe")
    ),
    *(f"{PREDICT} --image-size {size}" for size in SIZES),
    *(f"{PREDICT} --tile={number}" for number in ("0", "-1", "x", "nan", "3", "9" * 30)),
    *(f"{PREDICT} --max-megapixels={number}" for number in ("0", "-1", "nan", "x", "1e-9")),
    *(
        f"{PREDICT} --polygons nothing",
        f"{PREDICT} --scales 0",
        f"{PREDICT} --video-view x",
        "predict --weights x",
    ),
    *(
        f"export {path} --weights small-synthetic"
        for path in ("adir.tflite", "adir.onnx", "a.txt", "''", ".onnx")
    ),
    *(f"export {path} --weights small-synthetic" for path in ("file/a.onnx", "/dev/null")),
    *(f"export out.onnx --weights {path}" for path in PATHS),
    *(f"{EXPORT} --image-size {size}" for size in SIZES),
    *(f"{EXPORT} --int8 {path}" for path in PATHS if path != ".."),
    *(
        f"{EXPORT} --output nothing",
        f"{EXPORT} --output",
        "export --weights small-synthetic",
        "export a.onnx",
    ),
    *(f"data inspect {path}" for path in PATHS if path != ".."),
    *(f"data doctor {path}" for path in PATHS if path != ".."),
    *(f"data inspect pairs --layout {given}" for given in ("nothing", "''", "coco")),
    *(f"data inspect pairs --masks {given}" for given in ("nothing", "''", "images")),
    *(
        f"data inspect pairs --write --output {path}"
        for path in ("file/x", "adir.tflite", "pipe", "/dev/full")
    ),
    *(f"data verify --data-dir {path}" for path in PATHS),
    *("data camvid --data-dir file", "data camvid --data-dir file/below", "data doctor", "data doctor a b"),
    *(f"report {path}" for path in PATHS),
    *(f"report {path} --list" for path in PATHS),
    *(f"report nb.ipynb --output-dir {path}" for path in ("file", "file/below", "pipe", "/proc/x")),
    *(
        f"report nb.ipynb --timeout={number} --output-dir out"
        for number in ("0", "-1", "nan", "inf", "x", "''")
    ),
    *(
        f"report nb.ipynb --name {given} --output-dir out"
        for given in ("a/b", "''", "..", "'a b'", "'\n'", "../x")
    ),
    *(
        f"report nb.ipynb -p {given} --output-dir out"
        for given in ("", "x", "y 1", "x z", "1 1", "'' 1", "x 1.5")
    ),
    *(
        "report nb.ipynb -p x 1 -p x 2 --output-dir out",
        "report nb.ipynb -p x '{[]: 1}'",
        "report nb.ipynb -p",
    ),
    *(f"sweep {path} --output-dir out" for path in PATHS),
    *(f"sweep {path} --output-dir out --dry-run" for path in ("list.yml", "text.yml", "odd.yml", "bomb.yml")),
    *(
        f"sweep {path} --output-dir out --dry-run"
        for path in ("empty.yml", "tag.yml", "cycle.yml", "binary.yml")
    ),
    *(
        "sweep odd.yml --workers 0",
        "sweep odd.yml --workers x",
        "sweep odd.yml --scheduler nowhere --dry-run",
    ),
    *(
        f"course export {path} --for plain --lessons 00"
        for path in ("file", "file/below", "pipe", "/proc/x", "..")
    ),
    *(f"course export out --for plain --lessons {given}" for given in ("99", "''", "x", "00 00", "-1")),
    *(f"course export out --for nbgrader --points={number}" for number in ("x", "nan", "-1", "inf")),
    *(
        "course export out",
        "course export out --for nothing",
        "course export out --for plain --notebooks file",
    ),
    *(f"course verify {path}" for path in PATHS),
    *(f"course pack {path} --lessons 00" for path in ("file", "file/below", "pipe", "/proc/x")),
    *("course pack out --data nothing", "course pack out --data file", "course pack out --lessons 99"),
]
LINES = list(dict.fromkeys(LINES))

# YAML files for sweeps.
SWEEPS = {
    "list.yml": "- 1\n- 2\n",
    "text.yml": "just text",
    "odd.yml": "notebook: nb.ipynb\ngrid: 3\n",
    "bomb.yml": "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n" + "d: [*c, *c]\n",
    "empty.yml": "",
    "tag.yml": "!!python/object/apply:os.system ['touch hacked']\n",
    "cycle.yml": "a: &a\n  b: *a\n",
    "binary.yml": "\x00\x01\x02",
}

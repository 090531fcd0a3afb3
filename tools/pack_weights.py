"""Pack the best weights of a training run as pretrained weights of the package, with their card.

python tools/pack_weights.py RUN_DIR NAME
"""

from __future__ import annotations

import sys

from segnet_nb.training import load_run, packing

LICENCES = {
    "synthetic": "Apache-2.0",
    "camvid": "CC BY-NC 4.0: trained on CamVid, for non-commercial use only",
}


def option(name: str, value: object) -> str:
    """A field of a configuration as an option of the command line.

    Example:
        >>> option("deterministic", True), option("horizontal_flip", False), option("image_size", [180, 240])
        ('--deterministic', '--no-horizontal-flip', '--image-size 180x240')
    """
    dashed = name.replace("_", "-")
    if isinstance(value, bool):
        return f"--{dashed}" if value else f"--no-{dashed}"
    return f"--{dashed} {'x'.join(map(str, value)) if isinstance(value, list) else value}"


def main() -> None:
    """Pack the run named on the command line."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    run = load_run(sys.argv[1])
    shown = run.config.to_dict()
    default = type(run.config)().to_dict()
    options = [
        option(name, value)
        for name, value in shown.items()
        if value != default[name] or name in ("dataset", "network", "epochs")
    ]
    card = packing.pack(
        run,
        sys.argv[2],
        command=" ".join(["segnet-nb train", *options]),
        licence=LICENCES[run.config.dataset],
    )
    print(card.read_text())


if __name__ == "__main__":
    main()

"""Create the images of the README from synthetic scenes and the included weights.

python tools/make_pictures.py
"""

from __future__ import annotations

from pathlib import Path

import segnet_nb as sn
from segnet_nb import datasets, visualizers

DOCS = Path(__file__).parents[1] / "docs"


def main() -> None:
    """Write docs/predictions.jpg."""
    data = datasets.load("synthetic", "val", image_size=(180, 240), count=6)
    model = sn.load_pretrained("small-synthetic")
    chosen = [2, 5]
    figure = visualizers.show_predictions(
        data.images[chosen],
        data.labels[chosen],
        sn.predict(model, data.images[chosen]),
        data.classes,
        width=12,
    )
    DOCS.mkdir(exist_ok=True)
    figure.savefig(DOCS / "predictions.jpg", dpi=100, pil_kwargs={"quality": 85, "optimize": True})


if __name__ == "__main__":
    main()

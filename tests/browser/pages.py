"""A page with nothing but the engine and its worker, under the policy of reports, and how to ask it."""

from __future__ import annotations

import base64
import html
import json
from pathlib import Path
from typing import Any

import numpy as np

from segnet_nb._shared import view_assets
from segnet_nb.probes.page_parts import PageNetwork
from segnet_nb.reports.html import CONTENT_POLICY
from segnet_nb.reports.page_engine import engine_text
from segnet_nb.widgets.shared.living import png

ASK = """async ({ page, image, kind }) => {
  const text = (selector) => document.querySelector(selector).textContent;
  const source = JSON.parse(text('[data-page-worker]'));
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  window.worker ??= new Worker(url);
  const call = (message) => new Promise((done, failed) => {
    worker.onmessage = ({ data }) => (data.failure ? failed(new Error(data.failure)) : done(data.answer));
    worker.postMessage({ call: 1, ...message });
  });
  const bytes = (text) => Uint8ClampedArray.from(atob(text), (letter) => letter.charCodeAt(0));
  await call({ what: 'engine', text: text('[data-engine]') });
  await call({ what: 'open', id: 1, kind, page });
  const pixels = new ImageData(bytes(image.rgba), image.width, image.height);
  const question = { image: pixels, scores: true };
  const { labels, scores, indices } = await call({ what: 'ask', id: 1, question });
  const packed = (array) => {
    const raw = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    let found = '';
    for (let k = 0; k < raw.length; k += 32768) found += String.fromCharCode(...raw.subarray(k, k + 32768));
    return btoa(found);
  };
  const shape = [scores.channels, scores.height, scores.width];
  const sides = ({ channels, height, width }) => [channels, height, width];
  const offsets = indices.map((each) => [packed(each.data), sides(each)]);
  return { labels: packed(labels.data), scores: packed(scores.data), shape, offsets };
}"""


def write_engine_page(path: Path) -> Path:
    """A page from disk that holds the engine and the worker."""
    worker = json.dumps(view_assets.page_script("web/worker.js")).replace("</", "<\\/")
    path.write_text(
        '<!doctype html><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(CONTENT_POLICY)}">'
        f'<script type="text/plain" data-engine>{engine_text()}</script>'
        f'<script type="application/json" data-page-worker>{worker}</script>',
        encoding="utf-8",
    )
    return path


def as_page(network: PageNetwork, name: str) -> dict[str, Any]:
    """A network as the worker opens it."""

    def asset(part: str, content: bytes) -> dict[str, str]:
        return {"asset": f"{name} {part}", "text": base64.b64encode(content).decode()}

    decoder = [asset(f"decoder{n}", content) for n, content in enumerate(network.decoder)]
    return {"network": {"encoder": asset("encoder", network.encoder), "decoder": decoder}, "images": []}


def predicted(
    tab: Any, network: PageNetwork, image: np.ndarray, name: str
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """What the page computes.

    Returns:
        Scores ``(height, width, classes)``, labels ``(height, width)``, and the indices of each pooling,
        0 to 3, ``(1, height, width, channels)``.
    """
    height, width = image.shape[:2]
    rgba = np.concatenate([image, np.full((height, width, 1), 255, np.uint8)], axis=2)
    sent = {"rgba": base64.b64encode(rgba.tobytes()).decode(), "height": height, "width": width}
    found = tab.evaluate(ASK, {"page": as_page(network, name), "image": sent, "kind": "prediction"})
    scores = np.frombuffer(base64.b64decode(found["scores"]), np.float32).reshape(found["shape"])
    labels = np.frombuffer(base64.b64decode(found["labels"]), np.uint8).reshape(height, width)
    indices = [
        np.frombuffer(base64.b64decode(each), np.uint8).reshape(shape).transpose(1, 2, 0)[None]
        for each, shape in found["offsets"]
    ]
    return scores.transpose(1, 2, 0)[:height, :width], labels, indices


SAMPLE = """async ({ page }) => {
  const text = (selector) => document.querySelector(selector).textContent;
  const source = JSON.parse(text('[data-page-worker]'));
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
  const call = (message) => new Promise((done, failed) => {
    worker.onmessage = ({ data }) => (data.failure ? failed(new Error(data.failure)) : done(data.answer));
    worker.postMessage({ call: 1, ...message });
  });
  await call({ what: 'engine', text: text('[data-engine]') });
  await call({ what: 'open', id: 1, kind: 'uncertainty_lens', page });
  const { pictures } = await call({ what: 'ask', id: 1, question: {} });
  const { predicted, levels } = pictures[`0/${page.counts[0]}`];
  return { predicted: [...predicted.data], levels: [...levels.data] };
}"""


def sampled(
    tab: Any, page: dict[str, Any], images: np.ndarray, labels: np.ndarray, *, count: int, tops: list[float]
) -> dict[str, Any]:
    """Prediction of the first image after so many Monte Carlo samples, and three levels of uncertainty."""

    def asset(pixels: np.ndarray) -> dict[str, str]:
        content = base64.b64encode(png(pixels)).decode()
        return {"asset": f"image {hash(content)}", "text": content}

    page = {
        **{**page, "images": [asset(each) for each in images], "labels": [asset(each) for each in labels]},
        **{"counts": [count], "tops": tops, "classes": {"count": 11, "void_id": 11, "palette": []}},
    }
    page["network"] = {**page["network"], "probabilities": True}
    found = tab.evaluate(SAMPLE, {"page": page})
    predicted, levels = (
        np.asarray(found[name]).reshape(*images.shape[1:3], 4) for name in ("predicted", "levels")
    )
    return {"predicted": predicted[..., 0], "levels": [levels[..., m].astype(float) for m in range(3)]}

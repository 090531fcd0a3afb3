// @ts-check
// The training monitor: progress, curves, and the prediction of one image by epoch.

import { slider } from "../shared/controls.js";
import { element } from "../shared/dom.js";
import { explorer } from "../shared/explorer.js";
import { onceAFrame } from "../shared/scope.js";
import { curves, epochSlider } from "./curves.js";
import { Images } from "./images.js";
import { progress } from "./progress.js";

/** @import { Scope } from "../shared/scope.js" */
/** @import { Traits } from "./types" */

/**
 * Set traits by messages. Trait changes wait for the kernel to say that it is idle, which it does not for what
 * it handles while a cell awaits: the first change in a training would hold up all that follow. Messages do not
 * wait.
 * @param {Scope<Traits>} scope
 */
function setByMessages(scope) {
  scope.set = (trait, value) => {
    scope.model.set(trait, value);
    scope.model.send({ kind: "set", trait, value });
  };
}

/**
 * @param {Scope<Traits>} scope
 * @param {HTMLElement} body
 */
function build(scope, body) {
  setByMessages(scope);
  const stage = progress(scope), charts = curves(scope), epoch = epochSlider(scope);
  const images = (scope.get("photo")?.byteLength ?? 0) > 0 ? new Images(scope) : null;
  const opacity = images && slider(scope, "opacity", {
    label: "Colours", min: 0, max: 100, scale: 100, format: (v) => `${Math.round(100 * v)} %`,
  });
  body.append(stage.node, charts.node, element("div", { class: "sn-controls" }, epoch.node, opacity));
  if (images) body.append(images.node, images.legend);
  scope.watch(["status", "epoch", "epochs", "step", "steps", "step_loss", "seconds", "seconds_left"],
    onceAFrame(scope, stage.show));
  scope.watch(["history", "best_epoch", "epochs", "shown"], onceAFrame(scope, charts.show));
  scope.watch(["history", "shown", "best_epoch"], epoch.show);
  images?.start();
  stage.show();
  charts.show();
  epoch.show();
}

export default explorer("training-monitor", "Training", build);

// @ts-check
// The camera. It opens when a person presses the button, and is given back after the photo.

import { button, element } from "../shared/dom.js";
import { jpegOf } from "./files.js";

/** @import { Scope } from "../shared/scope.js" */
/** @import { Traits } from "./types" */

const WIDEST = 1280;

/**
 * What to tell when there is no camera.
 * @param {unknown} failure
 */
function reason(failure) {
  const name = failure instanceof Error ? failure.name : "";
  if (name === "NotAllowedError") return "The browser was not allowed to use the camera. Choose a file instead.";
  if (name === "NotFoundError") return "No camera was found. Choose a file instead.";
  return "The camera cannot be used on this page. Choose a file instead.";
}

/**
 * Its buttons and its picture.
 * @param {Scope<Traits>} scope
 * @param {HTMLElement} told where is said why there is none
 */
export function cameraControls(scope, told) {
  const video = element("video", { playsinline: true, "aria-label": "what the camera sees", hidden: true });
  video.muted = true;
  /** @type {MediaStream | null} */
  let stream = null;
  const stop = () => {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    video.srcObject = null;
    show(false);
  };
  const start = async () => {
    told.textContent = "";
    try {
      const found = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: WIDEST } } });
      if (!scope.alive) { for (const track of found.getTracks()) track.stop(); return; }
      stream = found;
      video.srcObject = found;
      await video.play();
      show(true);
      take.focus({ preventScroll: true });
    } catch (failure) {
      stop();
      told.textContent = reason(failure);
    }
  };
  const shoot = async () => {
    if (!video.videoWidth) return;
    scope.set("photo", await jpegOf(video, video.videoWidth, video.videoHeight));
    leave();
  };
  const open = button("Use the camera", start, { "data-action": "open" });
  const take = button("Take the photo", shoot, { "data-action": "take" });
  const leave = () => { stop(); open.focus({ preventScroll: true }); };
  const close = button("Close the camera", leave, { "data-action": "close" });
  /** @param {boolean} on */
  const show = (on) => {
    open.hidden = on;
    for (const node of [video, take, close]) node.hidden = !on;
  };
  scope.ending(stop);
  show(false);
  return { buttons: [open, take, close], video };
}

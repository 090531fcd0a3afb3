// @ts-check
// A camera. It opens when a person presses the button, and is given back after the photo.

import { Announcer } from "../shared/announcer.js";
import { button, element } from "../shared/dom.js";
import { keepKeys } from "../shared/keyboard.js";
import { Scope } from "../shared/scope.js";

/** @import { View } from "../shared/types" */
/** @import { Traits } from "./types" */

const LONGEST = 1280;

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
 * The present frame of a video as JPEG.
 * @param {HTMLVideoElement} video
 * @returns {Promise<DataView<ArrayBuffer>>}
 */
async function frameOf(video) {
  const scale = Math.min(1, LONGEST / Math.max(video.videoWidth, video.videoHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", 0.92); });
  return new DataView(await blob.arrayBuffer());
}

/** @type {View<Traits>} */
export default {
  render({ model, el }) {
    const video = element("video", { playsinline: true, "aria-label": "what the camera sees", hidden: true });
    video.muted = true;
    const told = element("span", { class: "sn-note", role: "status" });
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
        const found = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: LONGEST } } });
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
      scope.set("photo", await frameOf(video));
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
    const root = element("section", { class: "sn-explorer sn-camera", "aria-label": "Camera" },
      element("div", { class: "sn-camera-row" }, open, take, close, told), video);
    const scope = new Scope(model, root, told, new Announcer(root));
    keepKeys(scope, root);
    scope.ending(stop);
    show(false);
    el.append(root);
    return () => { scope.close(); root.remove(); };
  },
};

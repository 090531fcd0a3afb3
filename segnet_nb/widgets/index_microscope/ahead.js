// @ts-check
// What is shown, and what the reader may choose next: the channels beside it, and the pixels that a key leads to. They
// are requested while the reader rests, and while a key is held those farther on, so that what was requested before is
// drawn without waiting for the kernel.

import { bitmapOf } from "../shared/canvas.js";
import { cellOf } from "./path.js";

/** @import { Scope } from "../shared/scope.js" */
/** @import { Ahead as Message, FeatureMap, Path, Picture, Traits } from "./types" */
/**
 * @typedef {{ image: number, stage: number, channel: number }} Place
 * @typedef {{ stage: number, pictures: number[], paths: { channel: number, pixel: number[] }[] }} Wanted
 * @typedef {{ picture: Picture, zeros: [number, number], bytes: number }} Held its maps are decoded
 */

// Of decoded maps: those of 26 channels at 360 x 480.
const MOST_BYTES = 64 * 2 ** 20;
// How far from the present channel, and how many pictures at once: the kernel must be free for the reader soon.
const REACH = 16, AT_ONCE = 2;
// Milliseconds without a change before anything is requested.
const STILL = 150;
// Steps of a walk that are requested at once, and paths that are kept.
const STEPS = 12, MOST_PATHS = 512;

/** @param {Picture} picture */
function bytesOf({ sizes }) {
  return Object.values(sizes).reduce((sum, [height, width]) => sum + 4 * height * width, 0);
}

/** @param {Held} held */
function release({ picture }) {
  for (const map of Object.values(picture.maps ?? {})) if (map instanceof ImageBitmap) map.close();
}

export class Ahead {
  /**
   * @param {Scope<Traits>} scope
   * @param {() => void} drawMaps
   * @param {() => void} drawPath
   */
  constructor(scope, drawMaps, drawPath) {
    this.scope = scope;
    this.drawPath = drawPath;
    this.edition = scope.get("_edition");
    /** @type {Map<string, Held>} */
    this.held = new Map();
    // Null is one that was requested.
    /** @type {Map<string, Path | null>} */
    this.paths = new Map();
    /** @type {Set<string>} */
    this.requested = new Set();
    this.shown = { picture: scope.get("picture"), zeros: scope.get("zero_share") };
    this.path = scope.get("path");
    this.pixel = scope.get("pixel");
    this.waiting = false;
    this.timer = 0;
    this.keep();
    // A request that came too late for its image was answered with nothing.
    scope.watch("image", () => { this.requested.clear(); this.paths.clear(); });
    scope.watch(["image", "stage", "channel"], () => { if (this.turn()) drawMaps(); });
    scope.watch(["image", "stage", "channel", "pixel"], () => { if (this.turnPath()) drawPath(); this.plan(); });
    scope.watch("pixel", () => this.walk());
    // What is shown already is not drawn again when the kernel says the same.
    scope.watch(["picture", "zero_share"], () => { if (this.keep()) drawMaps(); this.plan(); });
    scope.watch("path", () => { if (this.turnPath(scope.get("path"))) drawPath(); });
    this.listen();
    this.plan();
  }

  /** Where the reader is; a stage with fewer channels shows its last. */
  place() {
    const { scope } = this, stage = scope.get("stage");
    const channel = Math.min(scope.get("channel"), scope.get("frame").stages[stage - 1].channels - 1);
    return { image: scope.get("image"), stage, channel };
  }

  /** @param {Place} place */
  key({ image, stage, channel }) {
    return `${image}/${stage}/${channel}`;
  }

  /**
   * @param {Place} place
   * @param {number[]} pixel
   */
  pathKey(place, pixel) {
    return `${this.key(place)}/${pixel}`;
  }

  /** Show the channel that the reader has chosen, if it is here; whether it is another one. */
  turn() {
    const found = this.held.get(this.key(this.place())), before = this.shown;
    if (found) this.shown = found;
    return this.shown !== before;
  }

  /**
   * Show the path in that channel, or else the newest that has come; whether it is another one.
   * @param {Path} [newest]
   */
  turnPath(newest) {
    const found = this.paths.get(this.pathKey(this.place(), this.scope.get("pixel"))) ?? newest ?? this.path;
    // The same from the kernel and ahead of it is drawn once.
    const other = JSON.stringify(found) !== JSON.stringify(this.path);
    this.path = found;
    return other;
  }

  /** Keep what the kernel shows, which may be on its way to another channel; whether it is to be drawn. */
  keep() {
    const { scope } = this, picture = scope.get("picture"), zeros = scope.get("zero_share");
    const known = this.held.has(this.key(this.place()));
    if (!known) this.shown = { picture, zeros };
    const keeps = picture.maps && picture.image !== undefined && !scope.model.offline;
    if (keeps) this.hold(/** @type {number} */ (picture.image), picture, zeros);
    return !known || this.turn();
  }

  /**
   * Keep a picture, decoded; the same one again is not kept, so that it is not painted again.
   * @param {number} image
   * @param {Picture} picture
   * @param {[number, number]} zeros
   */
  async hold(image, picture, zeros) {
    const key = this.key({ image, ...picture });
    if (this.held.has(key)) return;
    const names = /** @type {FeatureMap[]} */ (Object.keys(picture.maps ?? {}));
    const bitmaps = await Promise.all(names.map((name) => bitmapOf(/** @type {any} */ (picture.maps?.[name]))));
    const maps = /** @type {any} */ (Object.fromEntries(names.map((name, at) => [name, bitmaps[at]])));
    const held = { picture: { ...picture, maps }, zeros, bytes: bytesOf(picture) };
    if (!this.scope.alive || this.held.has(key)) return release(held);
    this.held.set(key, held);
    this.spare(key);
  }

  /**
   * Release what is far from the reader, if there is too much.
   * @param {string} newest
   */
  spare(newest) {
    if (this.bytes() <= MOST_BYTES) return;
    const place = this.place(), near = new Set(this.near(place).map((channel) => this.key({ ...place, channel })));
    for (const [key, held] of [...this.held]) {
      if (near.has(key) || key === newest || held === this.shown) continue;
      this.held.delete(key);
      this.requested.delete(key);
      release(held);
    }
  }

  bytes() {
    return [...this.held.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * The channels about one, nearest first, as many as may be kept.
   * @param {Place} place
   */
  near(place) {
    const { stage, channel } = place, last = this.scope.get("frame").stages[stage - 1].channels - 1;
    const size = this.held.get(this.key(place))?.bytes ?? MOST_BYTES;
    const found = [channel];
    for (let far = 1; far <= REACH; far += 1) found.push(channel + far, channel - far);
    return found.filter((each) => each >= 0 && each <= last).slice(0, Math.max(1, Math.floor(MOST_BYTES / size) - 2));
  }

  /** Ask for more once the reader rests. */
  plan() {
    clearTimeout(this.timer);
    if (!this.scope.model.offline) this.timer = setTimeout(() => this.ask(), STILL);
  }

  /** Ask for this pixel and those farther on in the direction of the last step. */
  walk() {
    const { scope, pixel } = this, place = this.place();
    this.pixel = scope.get("pixel");
    const [down, right] = [this.pixel[0] - pixel[0], this.pixel[1] - pixel[1]];
    if (scope.model.offline || down * right) return;
    const line = this.line(down, right, STEPS);
    // While a few are here, the next request can wait.
    if (this.paths.has(this.pathKey(place, line[STEPS / 2]))) return;
    this.request(place, { stage: place.stage, pictures: [], paths: this.claim(place, line) });
  }

  /**
   * The present pixel and those in one direction from it; beyond the edge the kernel leaves them out.
   * @param {number} down
   * @param {number} right
   * @param {number} count
   */
  line(down, right, count) {
    const [y, x] = this.scope.get("pixel");
    return Array.from({ length: count }, (_, n) => [y + n * down, x + n * right]);
  }

  /** The present pixel and those that a key leads to on any map of this stage. */
  reached() {
    const { stage } = this.place(), cells = new Set([1, cellOf("features", stage), cellOf("pooled", stage)]);
    return [...cells].flatMap((cell) => [cell, -cell, 8 * cell, -8 * cell])
      .flatMap((side) => [...this.line(side, 0, 2), ...this.line(0, side, 2)]);
  }

  /**
   * Of some pixels in one channel those whose path was not requested; it is to be requested now.
   * @param {Place} place
   * @param {number[][]} pixels
   */
  claim(place, pixels) {
    return pixels.flatMap((pixel) => {
      const key = this.pathKey(place, pixel);
      if (this.paths.has(key)) return [];
      this.paths.set(key, null);
      return [{ channel: place.channel, pixel }];
    });
  }

  ask() {
    const place = this.place();
    // The answer to what the reader did comes first.
    if (this.waiting || !this.scope.alive || !this.held.has(this.key(place))) return;
    const wanted = this.wanted(place) ?? this.wantedElsewhere(place);
    if (wanted) this.request(place, wanted);
  }

  /**
   * @param {Place} place
   * @param {Wanted} wanted
   */
  request({ image }, { stage, pictures, paths }) {
    for (const channel of pictures) this.requested.add(this.key({ image, stage, channel }));
    this.waiting = true;
    this.scope.model.send({ kind: "ahead", edition: this.edition, image, stage, pictures, paths });
  }

  /**
   * What was not requested of a channel and those beside it.
   * @param {Place} place
   * @returns {Wanted | null}
   */
  wanted(place, channels = this.near(place)) {
    for (const key of this.paths.keys()) {
      if (this.paths.size <= MOST_PATHS) break;
      this.paths.delete(key);  // the oldest
    }
    const pictures = channels.filter((channel) => !this.requested.has(this.key({ ...place, channel }))
      && !this.held.has(this.key({ ...place, channel }))).slice(0, AT_ONCE);
    const paths = channels.flatMap((channel, far) =>
      this.claim({ ...place, channel }, far ? this.line(0, 0, 1) : this.reached()));
    return pictures.length || paths.length ? { stage: place.stage, pictures, paths } : null;
  }

  /**
   * The same channel of another stage, as far as there is room.
   * @param {Place} place
   */
  wantedElsewhere({ image, stage, channel }) {
    if (this.bytes() > MOST_BYTES / 2) return null;
    for (const [number, { channels }] of this.scope.get("frame").stages.entries()) {
      const other = { image, stage: number + 1, channel: Math.min(channel, channels - 1) };
      const found = other.stage !== stage && this.wanted(other, [other.channel]);
      if (found) return found;
    }
    return null;
  }

  listen() {
    const { scope } = this;
    /** @type {(message: Message, buffers: DataView<ArrayBuffer>[]) => void} */
    const receive = async (message, buffers) => {
      if (message.kind !== "ahead") return;
      this.waiting = false;
      if (message.edition === this.edition) await this.take(message, buffers);
      this.plan();
    };
    scope.model.on("msg:custom", receive);
    scope.ending(() => {
      scope.model.off("msg:custom", receive);
      clearTimeout(this.timer);
      for (const held of this.held.values()) release(held);
      this.held.clear();
    });
  }

  /**
   * @param {Message} message
   * @param {DataView<ArrayBuffer>[]} buffers
   */
  async take({ image, stage, pictures, paths }, buffers) {
    for (const [channel, path] of paths) this.paths.set(this.pathKey({ image, stage, channel }, path.pixel), path);
    if (this.turnPath()) this.drawPath();
    let next = 0;
    for (const { maps, zero_share, ...picture } of pictures) {
      const bytes = /** @type {any} */ (Object.fromEntries(maps.map((name) => [name, buffers[next++]])));
      await this.hold(image, { image, ...picture, maps: bytes }, zero_share);
    }
  }
}

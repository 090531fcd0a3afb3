// @ts-check
// Traits of one view, and what must end with it.

/** @import { Key, Model } from "./types" */
/** @import { Announcer } from "./announcer.js" */

/**
 * One view's access to its model; it keeps all listeners, so that closing the view removes them.
 * @template T
 */
export class Scope {
  /**
   * @param {Model<T>} model
   * @param {HTMLElement} root
   * @param {HTMLElement} busySign
   * @param {Announcer} announcer
   */
  constructor(model, root, busySign, announcer) {
    this.model = model;
    this.root = root;
    this.busySign = busySign;
    this.announcer = announcer;
    /** @type {(() => void)[]} */
    this.endings = [];
    this.alive = true;
    /** Whether what arrives is for the view that is built next: traits come together with another network. */
    this.stale = () => false;
  }

  /**
   * Call `draw` whenever one of the traits changes.
   * @param {Key<T> | Key<T>[]} traits
   * @param {() => void} draw
   */
  watch(traits, draw) {
    for (const trait of [traits].flat()) {
      const event = `change:${trait}`;
      const listener = () => { if (!this.stale()) draw(); };
      this.model.on(event, listener);
      this.endings.push(() => this.model.off(event, listener));
    }
  }

  /**
   * Run at the end of the view.
   * @param {() => void} action
   */
  ending(action) {
    this.endings.push(action);
  }

  /**
   * Set a trait here and in the kernel; everything that watches it is called at once.
   * @template {Key<T>} K
   * @param {K} trait
   * @param {T[K]} value
   */
  set(trait, value) {
    this.model.set(trait, value);
    this.model.save_changes();
  }

  /**
   * @template {Key<T>} K
   * @param {K} trait
   */
  get(trait) {
    return this.model.get(trait);
  }

  /**
   * Tell screen readers what a change has led to, once it rests.
   * @param {string} topic
   * @param {string} text
   */
  say(topic, text) {
    this.announcer.say(topic, text);
  }

  close() {
    this.alive = false;
    for (const action of this.endings.splice(0).reverse()) action();
  }
}

/**
 * Draw at once, but not twice within one frame: the second time waits for the next.
 * @template T
 * @param {Scope<T>} scope
 * @param {() => void} draw
 */
export function onceAFrame(scope, draw) {
  let last = -1, waiting = 0;
  const now = () => { last = performance.now(); waiting = 0; if (scope.alive) draw(); };
  scope.ending(() => cancelAnimationFrame(waiting));
  return () => {
    if (waiting) return;
    if (performance.now() - last > 12) now();
    else waiting = requestAnimationFrame(now);
  };
}

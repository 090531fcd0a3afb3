// @ts-check
// Requests to a kernel that takes a while: one at a time, and only the newest of what was set meanwhile.

/** @import { Key } from "../shared/types" */
/** @import { Scope } from "../shared/scope.js" */
/** @import { Traits } from "./types" */

const PATIENCE = 15000;  // milliseconds: a kernel that was restarted never answers

/** Traits whose writes wait for the kernel's answer to the last ones; controls take it like a Scope. */
export class Asking {
  /**
   * @param {Scope<Traits>} scope
   * @param {() => void} show called when a request begins or ends
   */
  constructor(scope, show) {
    this.scope = scope;
    this.show = show;
    /** @type {Partial<Traits>} */
    this.wanted = {};
    /** @type {number | null} */
    this.request = null;
    this.since = 0;
    /** @type {Map<string, (() => void)[]>} */
    this.drawers = new Map();
    scope.watch("_answered", () => { if (scope.get("_answered") >= (this.request ?? 0)) this.answered(); });
    // A request that was refused is answered by its error.
    scope.watch("error", () => { if (scope.get("error")) this.answered(); });
  }

  /**
   * @template {Key<Traits>} K
   * @param {K} trait
   * @returns {Traits[K]}
   */
  get(trait) {
    return trait in this.wanted ? /** @type {Traits[K]} */ (this.wanted[trait]) : this.scope.get(trait);
  }

  /**
   * @template {Key<Traits>} K
   * @param {K} trait
   * @param {Traits[K]} value
   */
  set(trait, value) {
    this.wanted[trait] = value;
    for (const draw of this.drawers.get(trait) ?? []) draw();
    if (this.request === null || performance.now() - this.since > PATIENCE) this.send();
    this.show();
  }

  /**
   * @param {Key<Traits> | Key<Traits>[]} traits
   * @param {() => void} draw
   */
  watch(traits, draw) {
    for (const trait of [traits].flat()) this.drawers.set(trait, [...(this.drawers.get(trait) ?? []), draw]);
    this.scope.watch(traits, draw);
  }

  send() {
    const { model } = this.scope;
    this.request = Math.max(this.scope.get("_asked"), this.request ?? 0) + 1;
    const news = Object.entries({ ...this.wanted, _asked: this.request });
    this.wanted = {};
    this.since = performance.now();
    for (const [trait, value] of news) model.set(/** @type {Key<Traits>} */ (trait), value);
    model.save_changes();
  }

  answered() {
    if (this.request === null) return;
    this.request = null;
    if (Object.keys(this.wanted).length) this.send();
    this.show();
  }
}

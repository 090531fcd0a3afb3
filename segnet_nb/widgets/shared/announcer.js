// @ts-check
// Tells screen readers what has changed, once it rests: not at every step of a slider or of a pointer.

import { element, hasFocus } from "./dom.js";

const REST = 600;  // milliseconds

export class Announcer {
  /** @param {HTMLElement} root speaks only while the focus is in here */
  constructor(root) {
    this.root = root;
    this.node = element("div", { class: "sn-hidden", role: "status", "data-live": "" });
    this.timer = 0;
    /** @type {Map<string, string>} the newest text of each topic */
    this.texts = new Map();
    /** @type {Set<string>} topics whose text has not been said */
    this.waiting = new Set();
  }

  /**
   * Say the newest text of a topic when nothing newer comes for a moment. A text is not said twice in a row.
   * @param {string} topic
   * @param {string} text
   */
  say(topic, text) {
    if (this.texts.get(topic) === text) return;
    this.texts.set(topic, text);
    if (!hasFocus(this.root)) return;
    this.waiting.add(topic);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.speak(), REST);
  }

  speak() {
    this.node.textContent = [...this.waiting].map((topic) => this.texts.get(topic)).join(" ");
    this.waiting.clear();
  }

  close() {
    clearTimeout(this.timer);
  }
}

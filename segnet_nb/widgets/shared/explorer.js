// @ts-check
// The frame of an explorer: title, error line, busy sign, and a body that its view fills.

import { Announcer } from "./announcer.js";
import { element } from "./dom.js";
import { keepKeys } from "./keyboard.js";
import { predictFirst } from "./predicting.js";
import { Scope } from "./scope.js";
import { followTheme } from "./theme.js";

/** @import { BaseTraits, Model, View } from "./types" */

/**
 * What a view exports for anywidget.
 * @template {BaseTraits} T
 * @param {string} kind
 * @param {string} title
 * @param {(scope: Scope<T>, body: HTMLElement) => void} build fills the body
 * @returns {View<T>}
 */
export function explorer(kind, title, build) {
  return {
    render({ model, el }) {
      const body = element("div", { class: "sn-body" });
      const root = element("section", { class: `sn-explorer sn-${kind}`, "aria-label": title });
      const busy = element("span", { class: "sn-busy", role: "status", text: "computing …", hidden: true });
      const error = element("div", { class: "sn-error", role: "alert", hidden: true });
      const announcer = new Announcer(root);
      const scope = new Scope(model, root, busy, announcer);
      /** @type {Scope<T> | null} */
      let inner = null;
      // What a view is built from never changes, so another network is another view in the same frame.
      const draw = () => {
        inner?.close();
        body.replaceChildren();
        const edition = model.get("_edition");
        inner = new Scope(model, root, busy, announcer);
        inner.stale = () => model.get("_edition") !== edition;
        try {
          build(inner, body);
        } catch (failure) {
          error.textContent = `This view could not be drawn: ${messageOf(failure)}`;
          error.hidden = false;
          console.error(failure);
        }
      };
      // A quiz has no such button: it asks anyway.
      const { toggle, panel } = asks(model) ? predictFirst(scope) : { toggle: "", panel: "" };
      const anew = element("div", { class: "sn-note sn-renewed", text: "Made anew: earlier settings were reset." });
      anew.hidden = !model.get("renewed");
      root.append(
        element("header", { class: "sn-header" }, element("span", { class: "sn-title", text: title }), toggle, busy),
        anew, error, panel, body, announcer.node);
      scope.ending(() => announcer.close());
      scope.ending(() => inner?.close());
      scope.watch("_edition", draw);
      keepKeys(scope, root);
      followTheme(scope, root);
      showState(scope, busy, error);
      el.classList.add("sn-host");
      el.append(root);
      draw();
      model.send?.({ kind: "seen" });
      return () => { scope.close(); root.remove(); };
    },
  };
}

/** @param {Model<any>} model */
function asks(model) {
  return model.get("revealed") !== undefined;
}

/**
 * @template {BaseTraits} T
 * @param {Scope<T>} scope
 * @param {HTMLElement} busy
 * @param {HTMLElement} error
 */
function showState(scope, busy, error) {
  const showError = () => {
    error.textContent = scope.get("error");
    error.hidden = !error.textContent;
  };
  const showBusy = () => { busy.hidden = !scope.get("busy"); };
  scope.watch("error", showError);
  scope.watch("busy", showBusy);
  showError();
  showBusy();
}

/** @param {unknown} failure */
export function messageOf(failure) {
  return failure instanceof Error ? failure.message : String(failure);
}

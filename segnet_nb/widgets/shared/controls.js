// @ts-check
// Controls bound to traits: moving one sets its trait, and a trait set elsewhere moves it.

import { element, uniqueId } from "./dom.js";

/** @import { ChoiceOptions, Control, ControlOptions, SliderOptions, Traits } from "./types" */

/**
 * A control with its label.
 * @template {HTMLInputElement | HTMLSelectElement} F
 * @param {string} label
 * @param {F} field
 * @param {HTMLElement | null} [extra] shown behind it
 * @param {Partial<ControlOptions>} [options]
 * @returns {Control<F>}
 */
export function labelled(label, field, extra = null, options = {}) {
  field.id = uniqueId("sn");
  if (options.help) field.title = options.help;
  const control = element("div", { class: `sn-control ${options.class ?? ""}` },
    element("label", { for: field.id, text: label, title: options.help }), field, extra);
  return Object.assign(control, { field });
}

/**
 * A slider bound to a number trait.
 * @template {string} K
 * @param {Traits<Record<NoInfer<K>, number>>} scope
 * @param {K} trait
 * @param {SliderOptions} options
 */
export function slider(scope, trait, options) {
  const format = options.format ?? String, scale = options.scale ?? 1;
  const readout = element("output", { class: "sn-readout" });
  const input = element("input", {
    type: "range", min: options.min, max: options.max, step: options.step ?? 1, "data-trait": trait,
    // Rounded, because 99.9 / 100 is 0.9990000000000001 and the trait's limit 0.999.
    input: () => { scope.set(trait, Number((Number(input.value) / scale).toPrecision(12))); },
  });
  const show = () => {
    const value = scope.get(trait);
    input.value = `${value * scale}`;
    readout.textContent = format(value);
    input.setAttribute("aria-valuetext", readout.textContent);
  };
  scope.watch(trait, show);
  show();
  return labelled(options.label, input, readout, options);
}

/**
 * A drop-down bound to a trait.
 * @template {string} K
 * @template V
 * @param {Traits<Record<NoInfer<K>, V>>} scope
 * @param {K} trait
 * @param {ChoiceOptions<V>} options
 */
export function choice(scope, trait, options) {
  const input = element("select", {
    "data-trait": trait,
    change: () => scope.set(trait, options.choices[input.selectedIndex][0]),
  });
  for (const [, text] of options.choices) input.append(element("option", { text }));
  const show = () => {
    const value = scope.get(trait);
    input.selectedIndex = options.choices.findIndex(([known]) => known === value);
  };
  scope.watch(trait, show);
  show();
  return labelled(options.label, input, null, options);
}

/**
 * A check box bound to a boolean trait.
 * @template {string} K
 * @param {Traits<Record<NoInfer<K>, boolean>>} scope
 * @param {K} trait
 * @param {ControlOptions} options
 */
export function check(scope, trait, options) {
  const input = element("input", {
    type: "checkbox", "data-trait": trait,
    change: () => scope.set(trait, input.checked),
  });
  const show = () => { input.checked = scope.get(trait); };
  scope.watch(trait, show);
  show();
  const control = labelled(options.label, input, null, { ...options, class: "sn-check" });
  control.prepend(input);
  return control;
}

/**
 * A few exclusive choices side by side, bound to a trait.
 * @template {string} K
 * @template V
 * @param {Traits<Record<NoInfer<K>, V>>} scope
 * @param {K} trait
 * @param {ChoiceOptions<V>} options
 */
export function segments(scope, trait, options) {
  const name = uniqueId("sn-choice");
  const group = element("div", { class: "sn-segments", role: "radiogroup", "aria-label": options.label });
  const inputs = options.choices.map(([value, text]) => {
    const input = element("input", {
      type: "radio", name, "data-trait": trait, "data-value": `${value}`,
      change: () => scope.set(trait, value),
    });
    group.append(element("label", {}, input, element("span", { text })));
    return /** @type {const} */ ([value, input]);
  });
  const show = () => {
    for (const [value, input] of inputs) input.checked = scope.get(trait) === value;
  };
  scope.watch(trait, show);
  show();
  return element("div", { class: "sn-control", title: options.help },
    element("span", { class: "sn-label", text: options.label }), group);
}

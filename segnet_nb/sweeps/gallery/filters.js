// @ts-check
// Conditions that the shown runs meet: one is put together from column, operation and value; each can be removed.

import { labelled } from "../../widgets/shared/controls.js";
import { button, element } from "../../widgets/shared/dom.js";
import { columnOf, columns, OPERATIONS } from "./columns.js";

/** @import { Column, Filter, Operation } from "./types" */
/** @import { Choices } from "./state.js" */

/** @param {Filter} filter */
export function filterText([id, operation, value]) {
  const column = columnOf(id);
  return `${column ? column.title.replace(/, %$/, "") : id} ${OPERATIONS[operation]} ${value}`
    + (column?.scale === 100 ? " %" : "");
}

/**
 * What can be requested of a column.
 * @param {Column} column
 * @returns {Operation[]}
 */
function operationsOf(column) {
  if (!column.number) return ["is", "not"];
  return column.choices.length ? ["is", "not", "ge", "le"] : ["ge", "le"];
}

/** @param {Choices} choices */
export function filterBar(choices) {
  const column = element("select", { "data-filter": "column" },
    ...columns.map(({ title }) => element("option", { text: title })));
  const operation = element("select", { "data-filter": "operation", "aria-label": "condition" });
  const known = element("select", { "data-filter": "choice" });
  const typed = element("input", { type: "text", inputmode: "decimal", size: 6, "data-filter": "number" });
  const values = labelled("value", known), numbers = labelled("value", typed);
  const wrong = element("span", { class: "gl-wrong", role: "alert" });

  const chosen = () => columns[column.selectedIndex];
  const asked = () => operationsOf(chosen())[operation.selectedIndex];
  const takesNumber = () => asked() === "ge" || asked() === "le";
  const showValue = () => {
    values.hidden = takesNumber();
    numbers.hidden = !takesNumber();
  };
  const showColumn = () => {
    const texts = operationsOf(chosen()).map((one) => element("option", { text: OPERATIONS[one] }));
    operation.replaceChildren(...texts);
    known.replaceChildren(...chosen().choices.map((text) => element("option", { text })));
    showValue();
  };
  const add = () => {
    const number = typed.value.trim().replace(",", ".");
    const value = takesNumber() ? number : chosen().choices[known.selectedIndex];
    const fault = takesNumber() && (number === "" || !Number.isFinite(Number(number)));
    wrong.textContent = fault ? "Type a number, such as 50." : "";
    typed.toggleAttribute("aria-invalid", fault);
    if (fault || value === undefined) typed.focus();
    else addFilter(choices, [chosen().id, asked(), value]);
  };
  column.addEventListener("change", showColumn);
  operation.addEventListener("change", showValue);
  typed.addEventListener("keydown", (event) => { if (event.key === "Enter") add(); });
  showColumn();
  return element("div", { class: "gl-filters" },
    element("div", { class: "sn-controls", role: "group", "aria-label": "filter" },
      labelled("only runs whose", column), element("div", { class: "sn-control" }, operation), values, numbers,
      button("Add filter", add, { "data-action": "add-filter" }), wrong),
    chips(choices));
}

/**
 * @param {Choices} choices
 * @param {Filter} filter
 */
export function addFilter(choices, filter) {
  const text = JSON.stringify(filter);
  const others = choices.get("filter").filter((one) => JSON.stringify(one) !== text);
  choices.update({ filter: [...others, filter], page: 0 });
}

/** @param {Choices} choices */
function chips(choices) {
  const list = element("ul", { class: "gl-chips", "aria-label": "filters in use" });
  const show = () => {
    const focused = [...list.querySelectorAll("button")].findIndex((one) => one === document.activeElement);
    const filters = choices.get("filter");
    list.hidden = !filters.length;
    list.replaceChildren(...filters.map((filter, i) => element("li", {}, button(`${filterText(filter)} ×`, () => {
      choices.update({ filter: filters.filter((_, j) => j !== i), page: 0 });
    }, { "aria-label": `Remove the filter: ${filterText(filter)}`, class: "gl-chip" }))));
    // The focus stays in the list, or goes to where the next filter is made.
    if (focused < 0) return;
    const left = list.querySelectorAll("button");
    const next = left[Math.min(focused, left.length - 1)] ?? document.querySelector("[data-filter=column]");
    if (next instanceof HTMLElement) next.focus();
  };
  choices.watch("filter", show);
  show();
  return list;
}

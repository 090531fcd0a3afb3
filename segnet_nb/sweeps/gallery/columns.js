// @ts-check
// What the runs are sorted and filtered by: parameters, scores, scores of classes, time, state.

import { groups, runs, table, valueText } from "./data.js";

/** @import { Column, Filter, Operation, Row, Score, State } from "./types" */

/** @type {Record<Operation, string>} */
export const OPERATIONS = { is: "is", not: "is not", ge: "at least", le: "at most" };

/**
 * @param {string} name
 * @param {number} index
 * @returns {Column}
 */
function parameterColumn(name, index) {
  const { values } = table.parameters[index];
  const number = values.every((value) => typeof value === "number");
  return {
    id: `p:${name}`, title: name, number, scale: 1, spread: -1, choices: values.map(valueText),
    of(row) {
      const place = row.places[index];
      if (place < 0) return null;
      return number ? Number(values[place]) : place;
    },
    text: (row) => valueText(values[row.places[index]]),
  };
}

/**
 * A column of scores: in per cent, unless one of them is no share.
 * @param {string} id
 * @param {string} title
 * @param {(row: Row) => Score} of
 * @param {number} spread
 * @returns {Column}
 */
function scoreColumn(id, title, of, spread) {
  const share = runs.every((run) => Math.abs(of(run) ?? 0) <= 1);
  const scale = share ? 100 : 1;
  return {
    id, title: share ? `${title}, %` : title, number: true, scale, spread, choices: [], of,
    text: (row) => numberText(of(row), scale),
  };
}

/**
 * @param {Score | undefined} value
 * @param {number} scale 100: in per cent with one digit; 1: four significant digits
 */
export function numberText(value, scale) {
  if (value === null || value === undefined) return "–";
  return scale === 100 ? (100 * value).toFixed(1) : `${Number(value.toPrecision(4))}`;
}

/** @param {string} state */
export function stateText(state) {
  return state.replaceAll("_", " ");
}

const states = [...new Set(runs.map((run) => run.state))];

/** @type {Column[]} */
export const columns = [
  ...table.parameters.map(({ name }, i) => parameterColumn(name, i)),
  ...table.scores.map((name, i) => scoreColumn(`s:${name}`, name, (row) => row.scores[i], i)),
  ...table.classScores.map(([metric, name], i) => scoreColumn(`c:${metric}:${name}`, `${name} ${metric}`,
    (row) => row.classScores[i], table.scores.length + i)),
  { id: "seconds", title: "seconds", number: true, scale: 1, spread: -1, choices: [], of: (row) => row.seconds,
    text: (row) => numberText(row.seconds, 1) },
  { id: "state", title: "state", number: false, scale: 1, spread: -1, choices: states.map(stateText),
    of: (row) => stateText(row.state), text: (row) => stateText(row.state) },
];

const columnById = new Map(columns.map((column) => [column.id, column]));

/** @param {string} id */
export function columnOf(id) {
  return columnById.get(id) ?? null;
}

/** @param {string} sort id of a column, with a minus in front for the largest first */
export function sortParts(sort) {
  const down = sort.startsWith("-");
  return { down, id: down ? sort.slice(1) : sort };
}

/**
 * @param {Row} row
 * @param {Filter} filter
 */
export function passes(row, [id, operation, value]) {
  const column = columnOf(id);
  if (!column) return true;
  if (operation === "is" || operation === "not") return (column.text(row) === value) === (operation === "is");
  const found = column.of(row), limit = Number(value);
  if (typeof found !== "number") return false;
  const over = found * column.scale - limit, rounding = 1e-9 * Math.max(1, Math.abs(limit));
  return operation === "ge" ? over >= -rounding : over <= rounding;
}

/**
 * Rows in order; those without a value come last, either way.
 * @param {Row[]} rows
 * @param {string} sort
 */
export function sorted(rows, sort) {
  const { down, id } = sortParts(sort), column = columnOf(id);
  if (!column) return rows;
  return rows.map((row) => ({ row, value: column.of(row) })).sort((a, b) => {
    if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
    const order = a.value < b.value ? -1 : Number(a.value > b.value);
    return down ? -order : order;
  }).map(({ row }) => row);
}

/**
 * The runs that pass all filters, in order.
 * @param {Pick<State, "filter" | "sort">} state
 */
export function shownRuns({ filter, sort }) {
  return sorted(runs.filter((run) => filter.every((one) => passes(run, one))), sort);
}

/**
 * The groups with a run that passes all filters of parameters and states, and whose means pass those of scores.
 * @param {Pick<State, "filter" | "sort">} state
 */
export function shownGroups({ filter, sort }) {
  const byMean = filter.filter(([id]) => (columnOf(id)?.spread ?? -1) >= 0);
  const byRun = filter.filter((one) => !byMean.includes(one));
  return sorted(groups.filter((group) => byMean.every((one) => passes(group, one))
    && group.members.some((run) => byRun.every((one) => passes(run, one)))), sort);
}

// @ts-check
// The three measures of uncertainty, their names and units.

/** @import { Measure } from "./types" */

/** @type {[Measure, string][]} */
export const MEASURES = [
  ["variance", "variance"], ["entropy", "entropy"], ["mutual_information", "mutual information"],
];

/** @type {Record<Measure, string>} */
export const UNITS = { variance: "", entropy: " nats", mutual_information: " nats" };

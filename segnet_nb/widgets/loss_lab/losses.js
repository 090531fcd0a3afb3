// @ts-check
// The four losses, and the settings that their curves run along.

/** @import { Loss, Setting } from "./types" */

export const ROWS = 24, COLUMNS = 32, PIXELS = ROWS * COLUMNS;

/** @type {[Loss, string, number][]} key, name, style of its line */
export const LOSSES = [
  ["cross_entropy", "cross-entropy", 1], ["weighted", "weighted cross-entropy", 2],
  ["dice", "Dice", 3], ["cross_entropy_dice", "cross-entropy + Dice", 4],
];

/** @type {Record<Setting, { name: string, label: string, low: number, high: number }>} */
export const SETTINGS = {
  confidence: { name: "confidence", label: "confidence", low: 0.5, high: 1 },
  blur: { name: "blur", label: "blur (pixels)", low: 0, high: 4 },
  shift: { name: "shift", label: "shift (pixels)", low: -8, high: 8 },
  missed: { name: "missed share", label: "share of the object missed", low: 0, high: 1 },
  share: { name: "object's share", label: "share of the object in the image", low: 0, high: 0.5 },
};

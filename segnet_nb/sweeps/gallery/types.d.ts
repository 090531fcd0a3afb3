// What contents.py puts into the page, and what the page makes of it. For the type checker alone.

export type Value = string | number | boolean | null | object;
export type Score = number | null;

/** Count, mean, sample standard deviation, smallest and largest. */
export type Spread = [number, number, Score, number, number];

export interface Parameter {
  name: string;
  values: Value[];
  axis: boolean;
}

export interface ClassList {
  names: string[];
  colors: number[][];
  safe: number[][] | null;
}

export interface SharedImage {
  key: string;
  name: string;
  file: string;
  height: number;
  width: number;
  truth: boolean;
  runs: string[];
}

/** key, state, error, places of the parameters, scores, class scores, seconds, started, worker, files, classes */
export type PackedRun = [string, string, string, number[], Score[], Score[], Score, string, string, number, number];

/** places of the parameters but the seed, numbers of runs, how many finished, scores and class scores */
export type PackedGroup = [number[], number[], number, (Spread | null)[]];

/** number of the parameter, range of the means, one entry for each value */
export type Effect = [number, Score, (Spread | null)[]];

export interface Table {
  name: string;
  kind: string;
  source: string;
  maximize: string;
  seed: string | null;
  planned: number;
  fixed: [string, Value][];
  parameters: Parameter[];
  scores: string[];
  classScores: [string, string][];
  classLists: ClassList[];
  runs: PackedRun[];
  groups: PackedGroup[];
  effects: Effect[][];
  curves: string[];
  images: SharedImage[];
  problems: string[];
}

/** A run, or a group of runs with the means of their scores. */
export interface Row {
  key: string;
  state: string;
  error: string;
  /** For each parameter, which of its values; -1: none. */
  places: number[];
  scores: Score[];
  classScores: Score[];
  seconds: Score;
  started: string;
  worker: string;
  report: boolean;
  notebook: boolean;
  classList: ClassList | null;
  members: Row[];
  finished: number;
  spreads: (Spread | null)[];
}

export interface Block {
  history: Record<string, Score[]>;
  masks: Record<string, string>;
}

export interface Column {
  id: string;
  title: string;
  /** What rows are sorted and compared by. */
  of(row: Row): number | string | null;
  text(row: Row): string;
  /** Whether rows are filtered by "at least" and "at most", too. */
  number: boolean;
  /** Shown numbers are `of` times this: 100 for shares. */
  scale: number;
  /** Texts to choose from in a filter; empty where a number is typed. */
  choices: string[];
  /** Number among the spreads of a group; -1 for what has none. */
  spread: number;
}

export type Operation = "is" | "not" | "ge" | "le";
export type Filter = [string, Operation, string];
export type View = "runs" | "parameters" | "curves" | "images" | "compare";
export type Mode = "curtain" | "difference" | "onlyA" | "onlyB" | "a" | "b" | "truth";

/** Everything that a link to the page can say. */
export interface State {
  view: View;
  run: string;
  compare: string;
  sort: string;
  filter: Filter[];
  group: boolean;
  classes: string;
  score: string;
  curve: string;
  lines: string;
  image: string;
  page: number;
  mode: Mode;
  scope: "image" | "all";
  highlight: number;
  curtain: number;
  opacity: number;
  colors: "safe" | "dataset";
}

/** Pixels of one true class, or of one predicted class where there is no truth. */
export interface Counts {
  pixels: number;
  both: number;
  onlyA: number;
  onlyB: number;
  neither: number;
  differ: number;
}

export interface GridColumn {
  id: string;
  title: string;
  help?: string;
  number?: boolean;
  sortable?: boolean;
  cell(row: Row): Node | string;
  class?: string;
}

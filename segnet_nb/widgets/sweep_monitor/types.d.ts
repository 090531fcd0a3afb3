import type { BaseTraits } from "../shared/types";

/** The synchronised traits of explorer.py. */
export interface Traits extends BaseTraits {
  status: Status;
  done: number;
  total: number;
  runs: Run[];
  seconds: number;
  seconds_left: number | null;
  dashboard: string;
}

export type Status = "idle" | "running" | "stopping" | "finished" | "stopped" | "failed";

export type State = "waiting" | "running" | "finished" | "pruned" | "failed" | "timed_out" | "out_of_memory";

/** A run; `left` and `seconds` are seconds, `score` is in 0..1. */
export interface Run {
  key: string;
  label: string;
  state: State;
  epoch: number;
  epochs: number;
  score: number | null;
  seconds: number | null;
  left: number | null;
  error: string;
}

/** A row of the table, which is changed in place: its button keeps the focus. */
export interface Row {
  node: HTMLTableRowElement;
  show(run: Run): void;
}

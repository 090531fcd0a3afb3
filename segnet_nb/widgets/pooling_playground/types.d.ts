import type { BaseTraits } from "../shared/types";

/** The synchronised traits of explorer.py. */
export interface Traits extends BaseTraits {
  grid: number[][];
  kernel: number[][];
  seed: number;
}

/** The four ways to upsample. */
export type Way = "unpooled" | "nearest" | "bilinear" | "transposed";

export type Preset = "example" | "ties" | "negative" | "zeros" | "random";

/** What numbers.js computes; see answer() in numbers.py. */
export interface Answer {
  pooled: number[][];
  indices: number[][];
  maps: Record<Way, number[][]>;
  errors: Record<Way, number>;
  kept: Record<Way, number>;
  ties: number;
}

/** A table of numbers whose cells and windows are found by place. */
export interface NumberMap {
  figure: HTMLElement;
  grid: HTMLElement;
  cells: HTMLElement[][];
  score: HTMLElement;
  /** 1: a cell is a pixel; 2: a cell is a window. */
  step: 1 | 2;
  light(window: number[] | null): void;
}

export type MapName = "grid" | "pooled" | Way;

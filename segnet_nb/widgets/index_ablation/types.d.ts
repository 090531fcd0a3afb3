import type { Page } from "../../web/types";
import type { BaseTraits, Point, Shown } from "../shared/types";

/** The synchronised traits of explorer.py. */
export interface Traits extends BaseTraits {
  image: number;
  modes: string[];
  share: number;
  seed: number;
  other: number | null;
  view: "all" | "wrong" | "right";
  result: Result;
  _setup: Setup;
  /** Image, ground truth and the prediction with true indices. */
  _scene: Record<string, Shown>;
  /** The prediction and what has changed. */
  _pictures: Record<string, Shown>;
  _asked: number;
  _answered: number;
  /** What a page without a kernel needs to answer by itself; empty with a kernel. */
  _page: Partial<Page>;
}

/** The numbers of one ablation; empty before the first. */
export interface Result {
  mean_iou: number;
  mean_iou_change: number;
  boundary_f1: number;
  boundary_f1_change: number;
  changed: number;
  now_wrong: number;
  now_right: number;
  bytes_indices: number;
  bytes_indices_true: number;
  bytes_features: number;
}

/** What never changes; empty once the kernel is gone. */
export interface Setup {
  names: string[];
  classes: string[];
  palette: number[][];
  sizes: Point[];
  bytes: number[];
  modes: [string, string][];
}

import type { BaseTraits, Bytes, Point } from "../shared/types";

/** The synchronised traits of explorer.py. */
export interface Traits extends BaseTraits {
  mask: string;
  preset: "disc" | "pole" | "blobs" | "own";
  share: number;
  confidence: number;
  blur: number;
  shift: number;
  missed: number;
  against: Setting;
  same_scale: boolean;
  cursor: Point;
  brush: number;
  erase: boolean;
  losses: ByLoss<number>;
  weights: number[];
  pull: ByLoss<number>;
  scores: { global_accuracy: number; mean_iou: number; object_iou: number };
  lines: ByLoss<Point[]>;
  prediction: Bytes;
  maps: ByLoss<Bytes>;
  largest: ByLoss<number>;
  at: { object: boolean; probability: number } & ByLoss<number>;
}

/** What the curves run along. */
export type Setting = "confidence" | "blur" | "shift" | "missed" | "share";

export type Loss = "cross_entropy" | "weighted" | "dice" | "cross_entropy_dice";

/** A value for each loss; empty before the first answer and after the widget was closed. */
export type ByLoss<V> = { [name in Loss]?: V };

import type { BaseTraits, Point } from "../shared/types";

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
  /** The mask as it was painted, from whose outline it is resized; empty for a shape. */
  painted: string;
}

/** What the curves run along. */
export type Setting = "confidence" | "blur" | "shift" | "missed" | "share";

export type Loss = "cross_entropy" | "weighted" | "dice" | "cross_entropy_dice";

/** A value for each loss. */
export type ByLoss<V> = Record<Loss, V>;

/** How the prediction is degraded. */
export interface Degraded {
  confidence: number;
  blur: number;
  shift: number;
  missed: number;
}

/** What is computed from a mask and a prediction of it. */
export interface Numbers {
  chance: Float64Array;
  gradients: ByLoss<Float64Array>;
  losses: ByLoss<number>;
  weights: Point;
  pull: ByLoss<number>;
  scores: { global_accuracy: number; mean_iou: number; object_iou: number };
}

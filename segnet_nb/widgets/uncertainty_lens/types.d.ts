import type { BaseTraits, Bytes } from "../shared/types";

/** The synchronised traits of explorer.py. */
export interface Traits extends BaseTraits {
  image: number;
  samples: number;
  measure: Measure;
  kept: number;
  names: string[];
  counts: number[];
  class_names: string[];
  palette: number[][];
  color_map: number[][];
  tops: Record<Measure, number>;
  /** By image: photo and truth; by image/samples: predicted (the prediction) and levels. */
  pictures: Record<string, Record<string, Bytes | ImageData>>;
  /** By number of samples. */
  curves: Record<string, Curves>;
  /** Whether the network can be sampled again. */
  can_sample: boolean;
  /** What a page without a kernel needs for that; empty: it cannot. */
  _page: object;
}

export type Measure = "variance" | "entropy" | "mutual_information";

/** Accuracy of the pixels kept, and in limits the highest level kept, for 5 %, 10 % ... 100 % kept. */
export interface KeptCurves {
  all: (number | null)[];
  images: (number | null)[][];
  limits: number[][];
}

/** A reliability diagram; null in empty bins. */
export interface Calibration {
  confidence: (number | null)[];
  accuracy: (number | null)[];
  error: number | null;
}

export type Curves = Record<Measure, KeptCurves> & {
  calibration: { all: Calibration; images: Calibration[] };
};

/** What is shown of one image, decoded. */
export interface LensData {
  height: number;
  width: number;
  photo: Uint8ClampedArray;
  truth: Uint8Array;
  predicted: Uint8Array;
  /** Uncertainty in 256 steps. */
  level: Uint8Array;
  /** Pixels above this level are left out. */
  limit: number;
}

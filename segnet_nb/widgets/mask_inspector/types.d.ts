import type { BaseTraits, Bytes, Point } from "../shared/types";

/** The synchronised traits of explorer.py. */
export interface Traits extends BaseTraits {
  image: number;
  overlay: Overlay;
  drawing: "fill" | "outline";
  opacity: number;
  threshold: number;
  curtain: number;
  hidden: string[];
  colors: "published" | "safe";
  scope: "image" | "all";
  cell: string[];
  zoom: number;
  center: number[];
  pixel: number[];
  names: string[];
  size: Point;
  class_names: string[];
  palettes: { published: number[][]; safe?: number[][] };
  /** A confusion matrix per image, int32. */
  matrices: Bytes;
  has_labels: boolean;
  /** Mean probability of the predicted class of each image. */
  certainties: number[];
  pictures: Record<string, ImageBytes>;
}

export type Overlay = "prediction" | "truth" | "compare" | "errors" | "none";

/** One image compressed: photo JPEG, the rest PNG; of several planes, one below the other. */
export interface ImageBytes {
  photo: Bytes;
  truth?: Bytes;
  classes: Bytes;
  percent: Bytes;
}

/** One image decoded. `top` and `shares`: the likeliest classes and their percent, a plane per rank. */
export interface MaskData {
  height: number;
  width: number;
  photo: Uint8ClampedArray;
  /** null: there are no labels. */
  truth: Uint8Array | null;
  predicted: Uint8Array;
  percent: Uint8Array;
  top: Uint8Array[];
  shares: Uint8Array[];
}

/** How it is shown; see MaskState in picture.py. */
export interface MaskState {
  overlay: Overlay;
  drawing: "fill" | "outline";
  opacity: number;
  threshold: number;
  curtain: number;
  visible: Uint8Array;
  palette: number[][];
  cell: number[] | null;
}

/** How certain a network is of a class, all in 0..1; see certainty.js. */
export interface Certainty {
  share: number;
  probability: number;
  certain: number;
}

/** The answer of the kernel to a request for an image. */
export interface PictureMessage {
  kind: string;
  image: number;
  parts: (keyof ImageBytes)[];
}

/** What a drag began with. */
export interface Drag {
  at: Point;
  center: number[];
  moved: boolean;
  curtain: boolean;
}

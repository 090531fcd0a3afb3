import type { Page } from "../../web/types";
import type { BaseTraits, Drawable, Point, Shown } from "../shared/types";

/** The synchronised traits of explorer.py. */
export interface Traits extends BaseTraits {
  image: number;
  stage: number;
  channel: number;
  pixel: Point;
  zoom: number;
  path: Path;
  zero_share: [number, number];
  photo: Shown;
  picture: Picture;
  frame: Frame;
  /** What a page without a kernel needs to answer by itself; empty with a kernel. */
  _page: Partial<Page>;
}

/** The panels of the view. */
export type MapName = "image" | FeatureMap;
export type FeatureMap = "features" | "pooled" | "indices" | "unpooled" | "dense";

/** One channel of one stage; `maps` is missing once the kernel is gone. */
export interface Picture {
  /** Which image; missing in a page without a kernel. */
  image?: number;
  stage: number;
  channel: number;
  dense_channel: number;
  maps?: Record<FeatureMap, Drawable>;
  sizes: Record<FeatureMap, Point>;
  spans: Record<FeatureMap, [number | null, number | null]>;
}

/** The kernel's answer to a request for other channels: their maps are in the buffers, in this order. */
export interface Ahead {
  kind: "ahead";
  edition: number;
  image: number;
  stage: number;
  pictures: (Omit<Picture, "maps"> & { maps: FeatureMap[]; zero_share: [number, number] })[];
  /** A channel, and the path of a pixel in it. */
  paths: [number, Path][];
}

/** What stays while one image is looked at. */
export interface Frame {
  names: string[];
  size: Point;
  stages: { size: Point; channels: number }[];
  /** Colour and name of each index. */
  offsets: [string, string][];
  zero: string;
  scale: string[];
}

/** A pixel's path, see PixelPath.as_dict. */
export interface Path {
  pixel: Point;
  stage: number;
  steps: Step[];
}

export interface Step {
  stage: number;
  channel: number;
  pixel: Point;
  window: Point;
  index: number;
  won: boolean;
  source: Point;
  returned: Point;
  value: number | null;
  numbers: (number | null)[][];
}

/** A square in pixels of the image: top, left, side. */
export type Square = [number, number, number];

// Types of the network in a page. They are for the type checker; nothing of this file reaches a browser.

import type { Path, Picture } from "../widgets/index_microscope/types";
import type { Result } from "../widgets/index_ablation/types";
import type { Point } from "../widgets/shared/types";

/** Floats of one image, channels first. */
export interface FeatureMap {
  data: Float32Array;
  channels: number;
  height: number;
  width: number;
}

/** Pooling indices of one stage: offsets 0..3, channels first, and the size of what was pooled. */
export interface Indices {
  data: Uint8Array;
  channels: number;
  height: number;
  width: number;
  /** Height and width of the map that was pooled. */
  size: Point;
}

/** One stage as the encoder leaves it. */
export interface EncodedStage {
  indices: Indices;
  features?: FeatureMap;
  pooled?: FeatureMap;
}

export interface Encoded {
  bottleneck: FeatureMap;
  /** Outermost first. */
  stages: EncodedStage[];
}

/** Class ids of an image. */
export interface Labels {
  data: Uint8Array;
  height: number;
  width: number;
}

/** A text of base64 that a page holds once, by its hash. */
export interface Asset {
  asset: string;
  text?: string;
}

/** What a page holds for an explorer with a live network. */
export interface Page {
  kind: string;
  network: { encoder: Asset; decoder: Asset[]; probabilities: boolean };
  images: Asset[];
  labels?: Asset[];
  classes?: { count: number; void_id: number; palette: number[][] };
  /** Of a page for photos: names and colours of the classes. */
  names?: string[];
  palette?: number[][];
  /** Of the lens: numbers of samples, and of each measure the value of the brightest colour. */
  counts?: number[];
  tops?: number[];
  /** Colours of feature maps: exact zero first, then from low to high; and those of the four offsets. */
  scale?: number[][];
  offsets?: number[][];
}

export interface AblationQuestion {
  image: number;
  modes: string[];
  share: number;
  seed: number;
  other: number | null;
  view: "all" | "wrong" | "right";
}

export interface AblationAnswer {
  result: Result;
  pictures: Record<string, ImageData>;
  scene: Record<string, ImageData>;
}

export interface TraceQuestion {
  image: number;
  stage: number;
  channel: number;
  pixel: Point;
  /** Whether the maps are wanted too, not the path alone. */
  maps: boolean;
  loudest?: boolean;
}

export interface TraceAnswer {
  image: number;
  stage: number;
  channel: number;
  pixel: Point;
  path: Path;
  photo?: ImageData;
  size?: Point;
  picture?: Omit<Picture, "maps"> & { maps: Record<string, ImageData> };
  zero_share?: Point;
}

/** What the uncertainty lens shows of other samples: see its traits. */
export interface SampledAnswer {
  pictures: Record<string, { predicted: ImageData; levels: ImageData }>;
  curves: Record<string, object>;
}

/** A tensor and a session of onnxruntime-web, as far as they are used. */
export interface OrtTensor {
  data: any;
  dims: readonly number[];
}

export interface OrtSession {
  run(feeds: Record<string, any>, wanted: string[]): Promise<Record<string, OrtTensor>>;
}

export interface Ort {
  /** Whether it computes on a graphics processor; false once that has failed. */
  gpu: boolean;
  Tensor: new (kind: string, data: any, dims: number[]) => OrtTensor;
  InferenceSession: { create(content: Uint8Array, options: object): Promise<OrtSession> };
}

import type { BaseTraits, Bytes } from "../shared/types";

/** The synchronised traits of explorer.py. */
export interface Traits extends BaseTraits {
  status: Status;
  epoch: number;
  epochs: number;
  step: number;
  steps: number;
  step_loss: number;
  history: Epoch[];
  best_epoch: number;
  stop_requested: boolean;
  shown: number;
  photo: Bytes | null;
  truth: Bytes | null;
  picture: Bytes | null;
  picture_epoch: number;
  image_accuracy: number | null;
  record: Prediction[];
  legend: [string, string][];
  opacity: number;
  seconds: number;
  seconds_left: number | null;
}

export type Status = "idle" | "running" | "stopping" | "finished" | "stopped" | "failed";

/** One completed epoch. */
export interface Epoch {
  epoch: number;
  loss: number;
  mean_iou: number;
  class_average: number;
  global_accuracy: number;
}

/** Epoch, share of the image's labelled pixels that are right, and the mask as a PNG. */
export type Prediction = [number, number | null, Bytes | null];

export type Curve = "loss" | "mean_iou" | "class_average" | "global_accuracy";

export type ImageName = "photo" | "picture" | "truth";

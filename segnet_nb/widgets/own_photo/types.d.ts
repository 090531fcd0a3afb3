import type { Bytes } from "../shared/types";

/** The synchronised traits of the camera in photo.py. */
export interface Traits {
  photo: Bytes;
}

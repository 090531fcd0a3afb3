import type { Bytes } from "../shared/types";

/** The synchronized traits of PhotoSource in photo.py. */
export interface Traits {
  photo: Bytes;
}

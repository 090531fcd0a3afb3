import type { BaseTraits } from "../shared/types";

interface Asked {
  id: string;
  text: string;
  /** Where it is answered, such as "lesson 04, ...". */
  where: string;
  topic?: string;
}

/** Each choice is its text and why it is right or not; `right` is a letter. */
export interface ChoiceQuestion extends Asked {
  choices: [string, string][];
  right: string;
}

export interface NumberQuestion extends Asked {
  number: number;
  tolerance: number;
  why: string;
  mistakes: [number, string][];
}

export type Question = ChoiceQuestion | NumberQuestion;

/** `right` is null where there is no answer, or one that cannot be read. */
export interface Mark {
  right: boolean | null;
  why: string;
}

/** The synchronised traits of explorer.py. */
export interface Traits extends BaseTraits {
  heading: string;
  questions: Question[];
  at_once: boolean;
  answers: Record<string, string>;
  checked: string[];
  note: string;
}

// Types that all views share. They are for the type checker; nothing of this file reaches a browser.

/** The bytes of a trait as they arrive in the browser. */
export type Bytes = DataView<ArrayBuffer>;

/** An image of a trait: bytes from a kernel, or pixels that the page has computed. */
export type Shown = Bytes | ImageData;

/** The same, or an image that is decoded already. */
export type Drawable = Shown | ImageBitmap;

/** A pixel as [row, column], or any two numbers in that order. */
export type Point = [number, number];

export type Key<T> = keyof T & string;

/** What is asked; without choices, a number. Empty: nothing. See predicting.py. */
export interface Question {
  text?: string;
  choices: string[];
  low: number;
  high: number;
  unit: string;
  tolerance: number;
}

/** A question with its answer, for a page without a kernel. */
export interface PreparedQuestion extends Question {
  answer: number;
  answer_text: string;
  reason: string;
  before: Record<string, unknown>;
  after: Record<string, unknown>;
}

/** The answer, after a prediction; right is null while it is not known. Empty: no prediction yet. */
export interface Revealed {
  prediction?: number;
  right: boolean | null;
  answer: string;
  reason: string;
}

/** What an explorer has that asks; see predicting.py. */
export interface AskingTraits extends BaseTraits {
  question: Question;
  revealed: Revealed;
  challenge: boolean;
  /** Right answers, and answers. */
  challenge_score: [number, number];
  questions: PreparedQuestion[];
}

/** Who asks: the kernel, or the page itself. */
export interface Asker {
  ask(): void;
  commit(prediction: number): void;
  challenge(): void;
}

/** What every explorer has; see explorer.py. */
export interface BaseTraits {
  error: string;
  busy: boolean;
  standalone: boolean;
  /** Whether it replaces one that a reader had changed. */
  renewed: boolean;
  /** Grows when another network is looked at. */
  _edition: number;
}

/** The front end's side of a widget, or its stand-in in a page without a kernel. */
export interface Model<T> {
  get<K extends Key<T>>(name: K): T[K];
  set<K extends Key<T>>(name: K, value: T[K]): void;
  save_changes(): void;
  send(content: object, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
  on(event: string, listener: (...values: any[]) => void): void;
  off(event?: string | null, listener?: ((...values: any[]) => void) | null): void;
  /** Whether there is no kernel. */
  offline?: boolean;
}

/** Reads, sets and watches traits: a Scope, or what takes its place. */
export interface Traits<T> {
  get<K extends Key<T>>(trait: K): T[K];
  set<K extends Key<T>>(trait: K, value: T[K]): void;
  watch(traits: Key<T> | Key<T>[], draw: () => void): void;
}

/** Attributes of an element; functions listen to the event of that name. */
export interface Attributes {
  [name: string]: string | number | boolean | null | undefined | ((event: any) => void);
}

export type Child = Node | string | null | undefined;

export interface ControlOptions {
  label: string;
  help?: string;
  class?: string;
}

export interface SliderOptions extends ControlOptions {
  min: number;
  max: number;
  step?: number;
  /** The trait is the slider's value divided by this. */
  scale?: number;
  format?: (value: number) => string;
}

export interface ChoiceOptions<V> extends ControlOptions {
  choices: [V, string][];
}

/** A control, and the field in it that users change. */
export type Control<F extends HTMLElement = HTMLInputElement> = HTMLDivElement & { field: F };

/** One of several linked images: its canvas, its figure and its caption. */
export interface LinkedFigure {
  canvas: HTMLCanvasElement;
  node: HTMLElement;
  caption: HTMLElement;
}

export interface LinkedImages {
  figure(name: string, caption: string, size: number[]): LinkedFigure;
  keydown(event: KeyboardEvent): void;
  again(): void;
}

/** What anywidget calls. */
export interface View<T> {
  render(context: { model: Model<T>; el: HTMLElement }): () => void;
}

/** A line of a chart: key, name, number of its style (1 to 4). */
export type Series = [string, string, number];

export interface ChartOptions {
  title: string;
  xLabel: string;
  yLabel: string;
  series: Series[];
  /** Whether ticks on x stand at whole numbers alone. */
  wholeX?: boolean;
  tick?: (y: number) => string;
  xTick?: (x: number) => string;
  /** Text of a value in the legend. */
  value?: (y: number) => string;
  /** Called with x where the reader points and drags. */
  pick?: (x: number) => void;
}

export interface ChartState {
  x: Point;
  y: Point;
  lines: Record<string, Point[]>;
  cursor: number | null;
  marks: { x: number; text: string }[];
  xLabel?: string;
}

export interface Chart {
  node: HTMLElement;
  draw(next: Partial<ChartState>): void;
}

/**
 * What a drawing is made of: plain data that the server writes into the page and the browser draws. What a drawing means
 * is decided on the server; the browser knows axes, lines and marks.
 */
export type ChartData = PlotData | BarsData;

/** A role that the style sheet gives a colour of enough contrast in light and dark; a number is one of a series. */
export type Colour = 'accent' | 'good' | 'warn' | 'bad' | 'muted' | number;

/** Something that can be pointed at, with the mouse, a finger or the keyboard. */
export interface Mark {
  /** Names it across updates of the page. */
  key: string;
  x: number;
  y: number;
  /** The 95% or 90% interval of x, and of y, drawn as a line through it. */
  xRange?: [number, number];
  yRange?: [number, number];
  /** What is told of it: its name first, then a line each. */
  text: string[];
  /** A page of its own. */
  href?: string;
}

export interface MarkGroup {
  name: string;
  colour: Colour;
  symbol: 'circle' | 'diamond' | 'triangle' | 'rect' | 'emptyCircle';
  size: number;
  marks: Mark[];
}

export interface Line {
  name: string;
  colour: Colour;
  dashed?: boolean;
  /** Each value holds until the next one. */
  steps?: boolean;
  /** On the second axis of y. */
  second?: boolean;
  points: [number, number | null][];
}

export interface Axis {
  name: string;
  kind: 'value' | 'log' | 'time';
  /** Smaller is better, and better is up. */
  inverse?: boolean;
  min?: number;
  max?: number;
}

export interface Limit {
  axis: 'x' | 'y';
  at: number;
  label: string;
  colour: Colour;
}

/** A stretch of x behind everything else. */
export interface Band {
  from: number;
  to: number;
  colour: Colour;
}

export interface PlotData {
  kind: 'plot';
  x: Axis;
  y: Axis;
  y2?: Axis;
  groups: MarkGroup[];
  lines: Line[];
  limits: Limit[];
  bands?: Band[];
}

/** Rows that are made of parts, such as the time of a run by kind of operator. */
export interface BarsData {
  kind: 'bars';
  axis: string;
  rows: string[];
  parts: { name: string; colour: number; values: number[]; text: string[][] }[];
}

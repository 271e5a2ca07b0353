/** What a chart is drawn with. Units are those of the drawing, y downwards. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** `#rrggbb` */
export type Color = `#${string}`;

export type Shape =
  | { readonly kind: 'box'; readonly at: Point; readonly width: number; readonly height: number; readonly color: Color }
  /** Each path through its points; one of a single point is a dot. */
  | {
      readonly kind: 'lines';
      readonly paths: readonly (readonly Point[])[];
      readonly width: number;
      readonly color: Color;
    }
  /** On one line, of letters that are all as wide; y is its middle. */
  | {
      readonly kind: 'text';
      readonly at: Point;
      readonly anchor: 'start' | 'middle' | 'end';
      readonly text: string;
      readonly color: Color;
    };

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly shapes: readonly Shape[];
}

/** Of a letter with the space behind it, in units of the drawing. */
export const LETTER_WIDTH = 9;

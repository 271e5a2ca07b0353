/** What lines are drawn on: cells of a terminal, each of them one mark or 2 x 4 dots of braille. */

export interface CanvasCell {
  /** A blank where nothing is. */
  readonly text: string;
  /** The line that was drawn there last. */
  readonly line: number | undefined;
}

/** The bits of a cell's dots in Unicode, by row, left and right. */
const BRAILLE_BITS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;
const BRAILLE = 0x2800;

export class Canvas {
  /** Points that can be told apart. */
  readonly width: number;
  readonly height: number;
  readonly #columns: number;
  readonly #marks: readonly string[] | undefined;
  /** Dots of each cell as bits. */
  readonly #dots: Uint8Array;
  /** The last line of each cell, plus one. */
  readonly #lines: Uint16Array;

  /** @param columns @param rows cells
   *  @param marks by line, in place of braille */
  constructor(columns: number, rows: number, marks: readonly string[] | undefined) {
    this.#columns = columns;
    this.#marks = marks;
    this.width = marks === undefined ? 2 * columns : columns;
    this.height = marks === undefined ? 4 * rows : rows;
    this.#dots = new Uint8Array(columns * rows);
    this.#lines = new Uint16Array(columns * rows);
  }

  /** Points of a straight line, both ends among them; what lies outside is left out.
   *  @param fromY from the top
   *  Cost: the distance. */
  draw(line: number, fromX: number, fromY: number, toX: number, toY: number): void {
    const steps = Math.max(1, Math.abs(toX - fromX), Math.abs(toY - fromY));
    for (let step = 0; step <= steps; step++) {
      const x = Math.round(fromX + ((toX - fromX) * step) / steps);
      const y = Math.round(fromY + ((toY - fromY) * step) / steps);
      this.#set(line, x, y);
    }
  }

  row(row: number): readonly CanvasCell[] {
    const cells: CanvasCell[] = [];
    for (let column = 0; column < this.#columns; column++) {
      const at = row * this.#columns + column;
      const line = this.#lines[at] === 0 ? undefined : (this.#lines[at] ?? 0) - 1;
      cells.push({ text: this.#textAt(at, line), line });
    }
    return cells;
  }

  #textAt(at: number, line: number | undefined): string {
    if (line === undefined) return ' ';
    return this.#marks === undefined
      ? String.fromCharCode(BRAILLE + (this.#dots[at] ?? 0))
      : (this.#marks[line % this.#marks.length] ?? ' ');
  }

  #set(line: number, x: number, y: number): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const isBraille = this.#marks === undefined;
    const at = isBraille ? (y >> 2) * this.#columns + (x >> 1) : y * this.#columns + x;
    const bit = isBraille ? (BRAILLE_BITS[y & 3]?.[x & 1] ?? 0) : 1;
    this.#dots[at] = (this.#dots[at] ?? 0) | bit;
    this.#lines[at] = line + 1;
  }
}

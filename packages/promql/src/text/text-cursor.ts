/** A place in a text, which goes on as tokens are taken. */
export class TextCursor {
  readonly #text: string;
  #at: number;

  /** @param at where it begins */
  constructor(text: string, at = 0) {
    this.#text = text;
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Takes what the pattern (sticky) matches. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }

  /** What follows, as far as a message has room for it. */
  get glimpse(): string {
    return this.#text.slice(this.#at, this.#at + 40);
  }
}

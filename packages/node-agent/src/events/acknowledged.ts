/** How far everything is delivered, of what is sent in the order of its versions and delivered in any. */
export class Acknowledged {
  #version: string | undefined;
  #pieces: { version: string; delivered: boolean }[] = [];

  /** @param version up to which an earlier reader has delivered */
  constructor(version: string | undefined) {
    this.#version = version;
  }

  /** Undefined before anything is. */
  get version(): string | undefined {
    return this.#version;
  }

  /** Pieces whose turn has not come. */
  get waiting(): number {
    return this.#pieces.length;
  }

  /** Something of this version is on its way.
   *  @returns to be called when it is delivered */
  sent(version: string): () => void {
    const piece = { version, delivered: false };
    this.#pieces.push(piece);
    return () => {
      piece.delivered = true;
      while (this.#pieces[0]?.delivered === true) this.#version = this.#pieces.shift()?.version;
    };
  }

  /** Up to this version there is nothing but what was sent. */
  reached(version: string): void {
    const last = this.#pieces.at(-1);
    if (last === undefined) this.#version = version;
    else last.version = version;
  }

  /** What is on its way is sent again, and counts no more. */
  forget(): void {
    this.#pieces = [];
  }
}

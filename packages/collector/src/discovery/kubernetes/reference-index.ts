/** Which objects have labels of which others: when those change, they are to be looked at again. */

export class ReferenceIndex {
  readonly #byReference = new Map<string, Set<string>>();
  readonly #byKey = new Map<string, readonly string[]>();

  /** @param references of the object as it is now; none where it is gone */
  set(key: string, references: readonly string[]): void {
    for (const reference of this.#byKey.get(key) ?? []) {
      const keys = this.#byReference.get(reference);
      keys?.delete(key);
      if (keys?.size === 0) this.#byReference.delete(reference);
    }
    if (references.length === 0) {
      this.#byKey.delete(key);
      return;
    }
    this.#byKey.set(key, references);
    for (const reference of references) {
      const keys = this.#byReference.get(reference) ?? new Set();
      keys.add(key);
      this.#byReference.set(reference, keys);
    }
  }

  /** The keys of objects that refer to it. */
  referring(reference: string): Iterable<string> {
    return this.#byReference.get(reference) ?? [];
  }
}

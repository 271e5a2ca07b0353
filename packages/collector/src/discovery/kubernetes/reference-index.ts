/** Which objects have labels of which others: when those change, they are to be looked at again. */

export class ReferenceIndex {
  /** Most are of one object. */
  readonly #byReference = new Map<string, string | Set<string>>();
  readonly #byKey = new Map<string, readonly string[]>();

  /** @param references of the object as it is now; none where it is gone */
  set(key: string, references: readonly string[]): void {
    for (const reference of this.#byKey.get(key) ?? []) {
      const keys = this.#byReference.get(reference);
      if (keys === key || (typeof keys === 'object' && keys.delete(key) && keys.size === 0))
        this.#byReference.delete(reference);
    }
    if (references.length === 0) {
      this.#byKey.delete(key);
      return;
    }
    this.#byKey.set(key, references);
    for (const reference of references) {
      const keys = this.#byReference.get(reference);
      if (keys === undefined) this.#byReference.set(reference, key);
      else if (typeof keys === 'object') keys.add(key);
      else if (keys !== key) this.#byReference.set(reference, new Set([keys, key]));
    }
  }

  /** The keys of objects that refer to it. */
  referring(reference: string): Iterable<string> {
    const keys = this.#byReference.get(reference);
    return typeof keys === 'string' ? [keys] : (keys ?? []);
  }
}

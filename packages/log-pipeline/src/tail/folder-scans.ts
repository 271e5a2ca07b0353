/** Runs a scan of each folder that asks for one, for one folder never two at a time: who asks while one runs gets another
 *  behind it. */
export class FolderScans {
  readonly #scan: (folder: string) => Promise<void>;
  readonly #running = new Map<string, Promise<void>>();
  readonly #again = new Set<string>();
  #closed = false;

  /** @param scan never rejects */
  constructor(scan: (folder: string) => Promise<void>) {
    this.#scan = scan;
  }

  /** @returns resolves when a scan that began after the call has ended */
  run(folder: string): Promise<void> {
    const running = this.#running.get(folder);
    if (running !== undefined) {
      this.#again.add(folder);
      return running;
    }
    const scan = this.#scan(folder).then(async () => {
      this.#running.delete(folder);
      if (this.#again.delete(folder) && !this.#closed) await this.run(folder);
    });
    this.#running.set(folder, scan);
    return scan;
  }

  /** Begins no further one, and waits for those that run. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#running.values());
  }
}

/** What log rules have counted, seen and known: a file for each, written whole. Layout and promises: docs/formats/log-rules.md. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { syncFolder, writeWhole } from '@vigie/core/durable-files';
import { errorCode, VigieError } from '@vigie/core/errors';
import { checkedLine, readCheckedLines } from '../../state/checked-lines.ts';
import type { StateFs } from '../../state/state-fs.ts';
import { decodeKeptState, encodeKeptState, type KeptState } from './log-rule-state.ts';

const HEADER = '{"vigie-log-rule":1}';
const SUFFIX = '.state';

export class LogRuleStore {
  readonly #folder: string;
  readonly #fs: StateFs;

  /** @param folder is its own, and made where it is missing */
  constructor(folder: string, fs: StateFs) {
    this.#folder = folder;
    this.#fs = fs;
  }

  /** @returns undefined where nothing was kept, or what was is damaged
   *  @throws {VigieError} ALERTING_STATE, of a later version; what the file system throws */
  async load(id: string): Promise<KeptState | 'damaged' | undefined> {
    const path = this.#path(id);
    let bytes: Buffer;
    try {
      bytes = await this.#fs.readFile(path);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
    const { texts, endByte, damaged } = readCheckedLines(bytes);
    const [header = '', , text] = texts;
    if (header !== HEADER && /"vigie-log-rule":/.test(header)) {
      throw new VigieError(
        'ALERTING_STATE',
        `${path} begins with ${header.slice(0, 80)}, not ${HEADER}: it is of another version of Vigie; use that one, or move the file away`,
      );
    }
    if (damaged > 0 || endByte < bytes.length || text === undefined) return 'damaged';
    return decodeKeptState(text) ?? 'damaged';
  }

  /** Is on the disk when it resolves. @throws what the file system throws: what was there before stays */
  async save(id: string, kept: KeptState): Promise<void> {
    const path = this.#path(id);
    const lines = [HEADER, JSON.stringify({ rule: id }), encodeKeptState(kept)];
    const bytes = Buffer.from(lines.map(checkedLine).join(''));
    await this.#fs.mkdir(this.#folder, { recursive: true });
    const file = await this.#fs.open(`${path}.tmp`, 'w', 0o600);
    try {
      await writeWhole(file, bytes, 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#fs.rename(`${path}.tmp`, path);
    await syncFolder(this.#fs, this.#folder);
  }

  /** Removes what there is of other rules. @throws what the file system throws */
  async retain(ids: readonly string[]): Promise<void> {
    const names = new Set(ids.map(nameOf));
    await this.#fs.mkdir(this.#folder, { recursive: true });
    for (const name of await this.#fs.readdir(this.#folder))
      if (name.endsWith(SUFFIX) && !names.has(name)) await this.#fs.unlink(join(this.#folder, name));
  }

  #path(id: string): string {
    return join(this.#folder, nameOf(id));
  }
}

function nameOf(id: string): string {
  return `${createHash('sha256').update(id).digest('hex').slice(0, 32)}${SUFFIX}`;
}

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PositionFile } from '../../src/remote-write/position-file.ts';
import { temporaryFolder } from './receiver-bed.ts';

const page = readFileSync(new URL('../../../../docs/formats/remote-write-position.md', import.meta.url), 'utf8');
const [, example = ''] = /```\n(vigie-remote-write[^`]*)```/.exec(page) ?? [];
const POSITION = { segment: 42, byte: 1_048_592, shards: 2 };
let folder: ReturnType<typeof temporaryFolder>;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(() => folder.remove());

describe('the position file', () => {
  it('is what its page says', async () => {
    const file = new PositionFile(folder.path, 'peer', fs);
    expect(await file.read()).toEqual({ status: 'absent' });
    await file.write(POSITION);
    expect(readFileSync(file.path, 'utf8')).toBe(example);
    expect(await file.read()).toEqual({ status: 'ok', position: POSITION });
    expect(readdirSync(folder.path)).toEqual(['peer.position']);
  });

  it('is not trusted with any one byte changed, or cut anywhere', async () => {
    const file = new PositionFile(folder.path, 'peer', fs);
    const bytes = Buffer.from(example);
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      writeFileSync(file.path, changed);
      expect(await file.read(), `byte ${at}`).toEqual({ status: 'corrupt' });
      writeFileSync(file.path, bytes.subarray(0, at));
      expect(await file.read(), `cut at ${at}`).toEqual({ status: 'corrupt' });
    }
  });

  it('ends the start where it cannot be read', async () => {
    const file = new PositionFile(folder.path, 'peer', fs);
    mkdirSync(file.path);
    await expect(file.read()).rejects.toMatchObject({ code: 'EISDIR' });
  });
});

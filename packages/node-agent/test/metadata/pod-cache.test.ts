import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import * as fsPromises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PodEntry } from '../../src/metadata/pod.ts';
import { decodePodCache, encodePodCache, PodCache } from '../../src/metadata/pod-cache.ts';
import { entryOf } from './pods.ts';

const PODS = [
  entryOf({
    labels: { 'app.kubernetes.io/name': 'web', quote: '"\n\u2028' },
    annotations: { 'vigie.io/parser': 'json' },
  }),
  entryOf({ pathUid: 'u2', uid: 'u2', ip: undefined, owner: undefined, controller: undefined, labels: {}, images: {} }),
];

function encoded(pods: readonly PodEntry[]): { readonly bytes: Buffer; readonly pods: number } {
  const pieces: Uint8Array[] = [];
  const encoding = encodePodCache(pods);
  for (let next = encoding.next(); ; next = encoding.next()) {
    if (next.done === true) return { bytes: Buffer.concat(pieces), pods: next.value };
    pieces.push(next.value);
  }
}

describe('the pod cache', () => {
  it('reads what it writes', () => {
    expect(decodePodCache(encoded(PODS).bytes)).toEqual({ status: 'ok', pods: PODS });
    expect(decodePodCache(encoded([]).bytes)).toEqual({ status: 'ok', pods: [] });
  });

  it('has the documented form', () => {
    expect(encoded(PODS.slice(1)).bytes.toString()).toBe(
      'vigie-pod-cache 1\n' +
        '{"pathUid":"u2","uid":"u2","namespace":"shop","name":"web-1","ip":null,"labels":{},"annotations":{},' +
        '"owner":null,"controller":null,"images":{}}\n' +
        'crc32 bedda8ec pods 1\n',
    );
  });

  it('finds every cut and every flipped bit', () => {
    const { bytes } = encoded(PODS);
    for (let length = 0; length < bytes.length; length++) {
      expect(decodePodCache(bytes.subarray(0, length)).status).toBe('unusable');
    }
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      expect(decodePodCache(flipped).status, `byte ${at}`).toBe('unusable');
    }
  });

  it('refuses another version', () => {
    const { bytes } = encoded(PODS);
    const other = Buffer.from(bytes.toString().replace('cache 1', 'cache 2'));
    expect(decodePodCache(other)).toMatchObject({ status: 'unusable', reason: 'it does not begin with the header' });
  });

  it('stays within its bounds, whatever pods say', () => {
    const huge = entryOf({ annotations: { 'vigie.io/parser': 'x'.repeat(256 * 1024) } });
    const { bytes, pods } = encoded(Array.from({ length: 100 }, () => huge));
    expect(bytes.length).toBeLessThanOrEqual(16 * 1024 * 1024);
    expect(pods).toBeLessThan(100);
    expect(decodePodCache(bytes)).toMatchObject({ status: 'ok' });
    expect(encoded(Array.from({ length: 10_001 }, () => entryOf())).pods).toBe(10_000);
  });
});

describe('on disk', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vigie-pod-cache-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is written whole, readable by its owner alone, and read again', async () => {
    const path = join(folder, 'data/pods.cache');
    const cache = new PodCache(path, fsPromises, () => PODS);
    expect(await cache.read()).toEqual({ status: 'absent' });
    expect(await cache.write()).toEqual({ status: 'written', pods: 2 });
    expect(await cache.read()).toEqual({ status: 'ok', pods: PODS });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('keeps the old one where the new one cannot be written', async () => {
    const path = join(folder, 'pods.cache');
    await new PodCache(path, fsPromises, () => PODS).write();
    const before = readFileSync(path);
    const full = {
      ...fsPromises,
      open: async (name: string, flags: string, mode?: number) => {
        const file = await fsPromises.open(name, flags, mode);
        return {
          appendFile: async () => {
            await file.write('half');
            throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
          },
          sync: () => file.sync(),
          close: () => file.close(),
        };
      },
    };
    const written = await new PodCache(path, full, () => []).write();
    expect(written).toMatchObject({ status: 'failed' });
    expect(readFileSync(path)).toEqual(before);
  });
});

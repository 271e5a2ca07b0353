/** Prometheus' own test scripts over a head in place of PromQL's plain storage. They are read from
 *  ../shared/conformance/promql beside the checkout and not part of it: without them these tests are skipped. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runScript, type ScriptStorage } from '@vigie/promql/script/run-script';
import { describe, expect, it } from 'vitest';
import { openHeadStorage } from '../src/script-storage.ts';

const folder = fileURLToPath(new URL('../../../../shared/conformance/promql/', import.meta.url));
const isThere = existsSync(folder);
const scripts = isThere ? readdirSync(folder).filter((name) => name.endsWith('.test')) : [];

/** Cases that Prometheus 3.15 answers otherwise than these files say, which are of 3.14, by line. PromQL's own test of the
 *  files says how. */
const CHANGED_SINCE: Readonly<Record<string, readonly number[]>> = { 'start_timestamps.test': [144] };

async function open(): Promise<ScriptStorage> {
  const { head, ...storage } = await openHeadStorage();
  return {
    ...storage,
    append: async (labels, samples) => {
      await storage.append(labels, samples);
      // In chunks and in hot blocks by turns.
      const ref = head.getOrCreate(labels);
      if (samples.length % 2 === 0 && typeof ref === 'number') head.store.cool(head.table.resolve(ref));
    },
  };
}

describe.skipIf(!isThere)('scripts of Prometheus over a head (skipped without ../shared/conformance)', () => {
  for (const name of scripts) {
    it(name, async () => {
      const text = readFileSync(`${folder}${name}`, 'utf8');
      const { passed, failures } = await runScript(text, open, new AbortController().signal);
      const changed = CHANGED_SINCE[name] ?? [];
      const unexpected = failures.filter(({ line }) => !changed.includes(line));
      expect(
        unexpected.map(
          ({ line, query, expected, got }) => `${name}:${line}: ${query}: expected ${expected}, got ${got}`,
        ),
      ).toEqual([]);
      expect(passed).toBeGreaterThan(0);
    });
  }
});

/** Prometheus' own test scripts. They are read from ../shared/conformance/promql beside the checkout and not part of it:
 *  without them these tests are skipped. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openMemoryStorage } from '../src/script/memory.ts';
import { runScript, type ScriptOutcome } from '../src/script/run-script.ts';

const folder = fileURLToPath(new URL('../../../../shared/conformance/promql/', import.meta.url));
const isThere = existsSync(folder);
const scripts = isThere ? readdirSync(folder).filter((name) => name.endsWith('.test')) : [];

/** Cases that Prometheus 3.15 answers otherwise than these files say, which are of 3.14, by line. */
const CHANGED_SINCE: Readonly<Record<string, readonly number[]>> = { 'start_timestamps.test': [127] };

async function run(name: string): Promise<ScriptOutcome> {
  return runScript(readFileSync(`${folder}${name}`, 'utf8'), openMemoryStorage, new AbortController().signal);
}

describe.skipIf(!isThere)('scripts of Prometheus (skipped without ../shared/conformance)', () => {
  for (const name of scripts) {
    it(name, async () => {
      const { passed, failures } = await run(name);
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

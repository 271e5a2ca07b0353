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

/** What Prometheus 3.15 answers otherwise than these files say, which are of 3.14. */
const CHANGED_SINCE: Readonly<Record<string, readonly (readonly [RegExp, string])[]>> = {
  'start_timestamps.test': [
    [/(?<before>\{type="st_after_t"\} +)6$/m, '$<before>5'],
    [/(?<before>\{type="st_after_t_extrapolate_both"\} +)6\.333333333333333$/m, '$<before>5'],
    [/(?<before>\{type="st_after_t_extrapolate_both_limit_range"\} +)6$/m, '$<before>2'],
  ],
};

async function run(name: string): Promise<ScriptOutcome> {
  let text = readFileSync(`${folder}${name}`, 'utf8');
  for (const [old, now] of CHANGED_SINCE[name] ?? []) text = text.replace(old, now);
  return runScript(text, openMemoryStorage, new AbortController().signal);
}

describe.skipIf(!isThere)('scripts of Prometheus (skipped without ../shared/conformance)', () => {
  for (const name of scripts) {
    it(name, async () => {
      const { passed, failures } = await run(name);
      expect(
        failures.map(({ line, query, expected, got }) => `${name}:${line}: ${query}: expected ${expected}, got ${got}`),
      ).toEqual([]);
      expect(passed).toBeGreaterThan(0);
    });
  }
});

/** Rules of kube-prometheus. They are read from ../shared/conformance/rules beside the checkout and not part of it: without them these
 *  tests are skipped. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseRuleFile } from '../src/file/parse-rule-file.ts';
import { GroupEvaluator } from '../src/group/group-evaluator.ts';
import { SETTINGS, SIGNALS, TestWorld } from './world.ts';

const folder = fileURLToPath(new URL('../../../../shared/conformance/rules/', import.meta.url));
const isThere = existsSync(folder);
const files = isThere ? readdirSync(folder).filter((name) => name.endsWith('.yaml')) : [];

describe.skipIf(!isThere)('rules of kube-prometheus (skipped without ../shared/conformance)', () => {
  for (const name of files) {
    it(`${name} is read, and each of its rules evaluated`, async () => {
      const groups = parseRuleFile(readFileSync(`${folder}${name}`, 'utf8'), name);
      expect(groups.flatMap(({ rules }) => rules).length).toBeGreaterThan(3);
      const { world } = new TestWorld();
      for (const group of groups) {
        const evaluator = new GroupEvaluator(group, SETTINGS, world, true);
        await evaluator.evaluate(0, SIGNALS);
        expect(evaluator.rules.map(({ rule, health, lastError }) => ({ rule: rule.name, health, lastError }))).toEqual(
          group.rules.map((rule) => ({ rule: rule.name, health: 'ok', lastError: undefined })),
        );
      }
    });
  }
});

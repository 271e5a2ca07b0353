/** `vigie test rules` beside promtool: the same files, the same words. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '@vigie/core/random';
import { afterAll, describe, expect, it } from 'vitest';
import { inForm } from './form.ts';
import { removeFolder, temporaryFolder } from './leash.ts';
import { installPrometheus } from './parts/prometheus-binary.ts';
import { randomRuleWorld } from './rule-worlds.ts';
import { fixedSeed } from './seeded.ts';

const bin = process.env.VIGIE_BIN ?? fileURLToPath(new URL('../../packages/cli/bin/vigie.cjs', import.meta.url));
const written = fileURLToPath(new URL('../../packages/rules/testdata/unit-tests/', import.meta.url));
// What rules do beyond Prometheus, promtool does not do.
const files = readdirSync(written).filter((name) => name.endsWith('.yml') && name !== 'beyond-prometheus.yml');
const shipped = fileURLToPath(new URL('../../deploy/alerting/', import.meta.url));
const shippedTests = readdirSync(join(shipped, 'tests'));
const { promtool } = installPrometheus();
const home = temporaryFolder('rules');
afterAll(() => removeFolder(home));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(cwd: string, command: string, args: readonly string[]): Ended {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 26 });
  // Ours begins with the name of the file.
  return { code: status, stdout: stdout.replace(/^Unit Testing:.*\n/gm, ''), stderr };
}

const promtoolSays = (cwd: string, ...args: readonly string[]): Ended => run(cwd, promtool, args);
const vigieSays = (cwd: string, ...args: readonly string[]): Ended => run(cwd, process.execPath, [bin, ...args]);

describe('unit tests of rules, beside promtool', () => {
  it.each(files)('%s', (name) => {
    expect(vigieSays(written, 'test', 'rules', name)).toEqual(promtoolSays(written, 'test', 'rules', name));
  });

  it('rules and series at random', () => {
    const seed = fixedSeed();
    const random = seededRandom(seed);
    const names = Array.from({ length: inForm(60, 600) }, (_, index) => {
      const name = String(index);
      const { rules, test } = randomRuleWorld(random);
      mkdirSync(join(home, name));
      writeFileSync(join(home, name, 'rules.yml'), rules);
      writeFileSync(join(home, name, 'test.yml'), test);
      return join(name, 'test.yml');
    });
    for (const name of names) {
      const theirs = promtoolSays(home, 'test', 'rules', name);
      expect(theirs.code, `seed ${seed}, ${name}: ${theirs.stderr}`).toBe(1);
      expect(vigieSays(home, 'test', 'rules', name), `seed ${seed}, ${name}`).toEqual(theirs);
    }
  });

  it.each(shippedTests)('the shipped %s', (name) => {
    const rules = join('rules', name);
    expect(promtoolSays(shipped, 'check', 'rules', rules).code).toBe(0);
    const theirs = promtoolSays(shipped, 'test', 'rules', join('tests', name));
    expect(theirs.code, theirs.stderr).toBe(0);
    expect(vigieSays(shipped, 'test', 'rules', join('tests', name))).toEqual(theirs);
  });

  it('takes the rule files that promtool takes', () => {
    const rules = readdirSync(join(written, 'rules')).map((name) => join('rules', name));
    expect(promtoolSays(written, 'check', 'rules', ...rules).code).toBe(0);
    expect(vigieSays(written, 'check', 'rules', ...rules).code).toBe(0);
  });
});

/** What a command loads is what it pays for (docs/decisions/0001): the files that are built, as `npm test` builds them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const DIST = join(import.meta.dirname, '../dist');

/** What only that part's code says. */
const SIGNS = {
  fastify: 'FST_ERR_',
  promql: 'exceeded maximum resolution of 11,000 points',
  tsdb: 'VIGIEWAL',
} as const;

/** The parts in a file of the build. */
function partsOf(file: string): readonly string[] {
  const text = readFileSync(join(DIST, file), 'utf8');
  return Object.entries(SIGNS).flatMap(([part, sign]) => (text.includes(sign) ? [part] : []));
}

it('keeps the engine, the database and their server out of every command that does not run them', () => {
  const commands = readdirSync(join(DIST, 'commands')).map((file) => `commands/${file}`);
  expect(commands).toContain('commands/node-agent.cjs');
  const heavy = ['vigie.cjs', ...commands].filter((file) => partsOf(file).length > 0);
  expect(heavy).toEqual(['commands/alerting.cjs', 'commands/collector.cjs', 'commands/test.cjs']);
});

it('loads them with the parts of vigie up', () => {
  expect(partsOf('chunks/cli-up-parts.cjs')).toEqual(['fastify', 'promql', 'tsdb']);
});

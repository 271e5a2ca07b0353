/** docs/reference/hpa.md: its options are those of the commands, and its file of recorded load is one that is read. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const PAGE = readFileSync(new URL('../../docs/reference/hpa.md', import.meta.url), 'utf8');
const CLI = fileURLToPath(new URL('../../packages/cli/bin/vigie.cjs', import.meta.url));

function vigie(...args: readonly string[]): string {
  return execFileSync(process.execPath, [CLI, 'hpa', ...args], { encoding: 'utf8' });
}

it.each([
  ['explain', PAGE.slice(0, PAGE.indexOf('## What would'))],
  ['simulate', PAGE.slice(PAGE.indexOf('## What would'))],
])('names every option of vigie hpa %s, and no other', (command, part) => {
  const known = [...vigie(command, '--help').matchAll(/^ +(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option);
  const table = part.split('\n').filter((line) => line.startsWith('| `-'));
  const written = table.flatMap((line) =>
    [...(line.split('|')[1] ?? '').matchAll(/--[a-z-]+/g)].map(([option]) => option),
  );
  expect([...written, '--help'].sort()).toEqual(known.sort());
});

it('reads recorded load as the page writes it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vigie-hpa-page-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [, load = ''] = /```csv\n([^`]*)```/.exec(PAGE) ?? [];
  writeFileSync(join(folder, 'load.csv'), load);
  const metric = (name: string) => ({
    type: 'Pods',
    pods: { metric: { name }, target: { type: 'AverageValue', averageValue: '50' } },
  });
  const spec = {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    maxReplicas: 10,
    metrics: [metric('http_requests_per_second'), metric('cpu')],
  };
  const hpa = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'web' }, spec };
  writeFileSync(join(folder, 'hpa.json'), JSON.stringify(hpa));
  const csv = vigie('simulate', '-f', join(folder, 'hpa.json'), '--metrics', join(folder, 'load.csv'), '-o', 'csv');
  expect(csv.trim().split('\n')).toHaveLength(3);
  expect(csv).toContain('pods metric http_requests_per_second above target');
});

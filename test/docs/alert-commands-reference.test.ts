/** docs/reference/alert-commands.md: its options are those of the commands, and its examples show what the commands print. */
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { CONFIG, listening, MemoryWorld } from '../../packages/alerting/test/api/world.ts';

const PAGE = readFileSync(new URL('../../docs/reference/alert-commands.md', import.meta.url), 'utf8');
const CLI = fileURLToPath(new URL('../../packages/cli/bin/vigie.cjs', import.meta.url));

const ALERTS = [
  {
    labels: { alertname: 'DiskFull', severity: 'page' },
    summary: '91 % of /var used',
    startsAt: '2026-11-29T09:00:00Z',
  },
  {
    labels: { alertname: 'Slow', severity: 'page', team: 'shop' },
    summary: 'checkout takes 4s',
    startsAt: '2026-11-29T09:30:00Z',
  },
  { labels: { alertname: 'Stale', team: 'data' }, summary: 'no import since Friday', startsAt: '2026-11-29T08:00:00Z' },
];

/** `'a b' c` as a shell splits it. */
function words(line: string): readonly string[] {
  return Array.from(line.matchAll(/'([^']*)'|(\S+)/g), ([, quoted, plain = '']) => quoted ?? plain);
}

it('shows what the commands print, one after the other', async () => {
  const url = await listening(new MemoryWorld(CONFIG), '/alertmanager');
  const body = ALERTS.map(({ labels, summary, startsAt }) => ({
    ...{ labels, annotations: { summary }, startsAt, endsAt: '2099-01-01T00:00:00Z' },
  }));
  const headers = { 'content-type': 'application/json' };
  await fetch(`${url}/alertmanager/api/v2/alerts`, { method: 'POST', headers, body: JSON.stringify(body) });
  const shown = Array.from(PAGE.matchAll(/^```console\n([\s\S]*?)^```$/gm), ([, block = '']) => block).join('');
  let printed = '';
  for (const [line, args = ''] of shown.matchAll(/^\$ vigie (.*)$/gm)) {
    const said = await new Promise<string>((resolve) => {
      execFile(process.execPath, [CLI, ...words(args), '--url', url], (_error, stdout, stderr) =>
        resolve(stderr + stdout),
      );
    });
    printed += `${line}\n${said}`;
  }
  expect(printed).toBe(shown);
});

it.each([
  ['alert list', ['alert', 'list']],
  ['alert ack', ['alert', 'ack']],
  ['alert end', ['alert', 'end']],
  ['alert diff', ['alert', 'diff']],
  ['silence add', ['silence', 'add']],
  ['silence list', ['silence', 'list']],
])('has the options of vigie %s, and no other', (title, command) => {
  const help = execFileSync(process.execPath, [CLI, ...command, '--help'], { encoding: 'utf8' });
  const known = Array.from(help.matchAll(/^ +(?:-\w, )?(--[a-z-]+)/gm), ([, option]) => option);
  const section = PAGE.split(/^## /m).find((text) => text.startsWith(`vigie ${title}\n`)) ?? '';
  const ofAll = PAGE.split(/^## /m)[0] ?? '';
  const written = Array.from(`${ofAll}${section}`.matchAll(/^\| (?:`-\w`, )?`(--[a-z-]+)/gm), ([, option]) => option);
  expect(written.sort()).toEqual(known.filter((option) => option !== '--help').sort());
});

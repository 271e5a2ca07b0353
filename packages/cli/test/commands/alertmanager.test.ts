import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';

const bin = fileURLToPath(new URL('../../bin/vigie.cjs', import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the binary as it is built: `npm test` builds it first. */
function vigie(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [bin, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-alertmanager-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

const CONFIG = `route:
  receiver: mail
  routes: [{ matchers: [severity=!page], receiver: pager }]
receivers: [{ name: mail }, { name: pager }]
`;

describe('vigie check alertmanager', () => {
  it('says how much there is in each file, and warns of the classic grammar', async () => {
    const folder = await folderWith({ 'a.yml': CONFIG });
    expect(await vigie('check', 'alertmanager', `${folder}/a.yml`)).toEqual({
      code: 0,
      stdout: `${folder}/a.yml: ok, 2 routes, 2 receivers, 0 inhibition rules\n${folder}/a.yml:3:25: warning: route.routes[0].matchers[0]: severity=!page is read in the classic grammar of matchers, which later releases of Alertmanager no longer have (9:10: !: expected one of '=~': expected label value): write severity="!page"\n`,
      stderr: '',
    });
  });

  it('says everything that is wrong, and exits 2', async () => {
    const folder = await folderWith({ 'a.yml': CONFIG, 'b.yml': CONFIG.replaceAll('receiver: ', 'receiver: x-') });
    const ended = await vigie('check', 'alertmanager', `${folder}/b.yml`, `${folder}/a.yml`, `${folder}/c.yml`);
    expect(ended).toMatchObject({ code: 2, stdout: expect.stringMatching(/a\.yml: ok, 2 routes/) });
    expect(ended.stderr.trimEnd().split('\n')).toEqual([
      `${folder}/b.yml:2:13: route.receiver: expected the name of a receiver (undefined receiver "x-mail" used in route), got "x-mail"`,
      `${folder}/b.yml:3:52: route.routes[0].receiver: expected the name of a receiver (undefined receiver "x-pager" used in route), got "x-pager"`,
      expect.stringMatching(/^cannot read the configuration file .*\/c\.yml: ENOENT/),
    ]);
  });
});

describe('vigie alert explain', () => {
  it('prints who would be told', async () => {
    const folder = await folderWith({ 'a.yml': CONFIG });
    const ended = await vigie(
      'alert',
      'explain',
      '--config',
      `${folder}/a.yml`,
      '--label',
      'a=b',
      '--label',
      'severity=!page',
      '--time',
      '0',
    );
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(
      /^alert \{a="b", severity="!page"\}, fingerprint [0-9a-f]{16}, at 1970-01-01T00:00:00Z\n/,
    );
    expect(ended.stdout).toContain('\nreceiver pager\n');
  });

  it.each([
    [['--label', 'a=b', '--url', 'none'], /--url: expected a URL with http or https, got none/],
    [['--config', 'a.yml'], /required option '--label <name=value>' not specified/],
    [['--config', 'a.yml', '--label', 'a=b', '--time', 'noon'], /expected a time such as/],
    [['--config', 'a.yml', '--label', 'a!=b'], /a!="b" is no label: write NAME=VALUE/],
    [['--config', 'a.yml', '--label', 'a=b', '--firing', 'b'], /bad matcher format: b/],
    [['--config', 'none.yml', '--label', 'a=b'], /cannot read the configuration file none\.yml/],
  ])('exits 2 and says what is wrong: %j', async (args, expected) => {
    const ended = await vigie('alert', 'explain', ...args);
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(expected) });
  });
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkAlertmanagerFiles } from '../src/check-alertmanager-files.ts';

const CONFIG = `route: { receiver: a }
receivers: [{ name: a, slack_configs: [{ api_url: 'http://h', title: '{{ template "own" . }}' }] }]
templates: ['*.tmpl']
`;

async function check(template: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-check-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'alertmanager.yml'), CONFIG);
  await writeFile(join(folder, 'own.tmpl'), template);
  return checkAlertmanagerFiles([join(folder, 'alertmanager.yml')], { write: () => undefined });
}

describe('vigie check alertmanager', () => {
  it('reads the files of templates that the configuration names', async () => {
    expect(await check('{{ define "own" }}{{ .Status | toUpper }}{{ end }}')).toBe(0);
    expect(await check('{{ define "own" }}{{ .Status | shout }}{{ end }}')).toBe(2);
  });
});

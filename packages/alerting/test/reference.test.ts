/** The examples of docs/reference/alertmanager.md and alerting.md are what the pages say. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkAlertingFiles } from '../src/check-alerting-files.ts';
import { checkAlertmanagerFiles } from '../src/check-alertmanager-files.ts';
import { runExplain } from '../src/explain/run-explain.ts';

const page = await readFile(new URL('../../../docs/reference/alertmanager.md', import.meta.url), 'utf8');
const example = /^```yaml\n([\s\S]*?)^```$/m.exec(page)?.[1] ?? '';

async function fileWith(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-alerting-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'alertmanager.yml'), text);
  return join(folder, 'alertmanager.yml');
}

class Output {
  text = '';
  readonly write = (text: string): void => {
    this.text += text;
  };
}

describe('docs/reference/alertmanager.md', () => {
  it('explains its example as it says', async () => {
    const [, command = '', answer = ''] = /^\$ vigie alert explain (.*)\n([\s\S]*?)^```$/m.exec(page) ?? [];
    const valuesOf = (option: string): readonly string[] =>
      Array.from(command.matchAll(new RegExp(`--${option} (\\S+)`, 'g')), ([, value = '']) => value);
    const [stdout, stderr] = [new Output(), new Output()];
    const request = {
      config: await fileWith(example),
      labels: valuesOf('label'),
      firing: valuesOf('firing'),
      timeMs: Date.parse(valuesOf('time')[0] ?? ''),
    };
    expect(await runExplain(request, stdout, stderr)).toBe(0);
    expect(stdout.text).toBe(answer);
    expect(stderr.text).toBe('');
  });

  it('has an example that passes the check', async () => {
    const file = await fileWith(example);
    const stdout = new Output();
    expect(await checkAlertmanagerFiles([file], stdout)).toBe(0);
    expect(stdout.text).toBe(`${file}: ok, 3 routes, 3 receivers, 1 inhibition rule\n`);
  });
});

describe('docs/reference/log-rules.md', () => {
  it('has examples that pass the check', async () => {
    const rules = await readFile(new URL('../../../docs/reference/log-rules.md', import.meta.url), 'utf8');
    const [config = '', file = ''] = Array.from(rules.matchAll(/^```yaml\n([\s\S]*?)^```$/gm), ([, text = '']) => text);
    const alertmanager = await fileWith('route: { receiver: mail }\nreceivers: [{ name: mail }]\n');
    const folder = join(alertmanager, '..');
    await mkdir(join(folder, 'log-rules'));
    await writeFile(join(folder, 'log-rules', 'shop.yml'), file);
    await writeFile(join(folder, 'alerting.yaml'), config);
    const stdout = new Output();
    expect(await checkAlertingFiles([join(folder, 'alerting.yaml')], {}, stdout)).toBe(0);
    expect(stdout.text).toBe(`${join(folder, 'alerting.yaml')}: ok, 1 receiver, 5 rules\n`);
  });
});

describe.each(['alerting', 'pages', 'heartbeats'])('docs/reference/%s.md', async (name) => {
  const alerting = await readFile(new URL(`../../../docs/reference/${name}.md`, import.meta.url), 'utf8');

  it.each(
    Array.from(alerting.matchAll(/^```yaml\n([\s\S]*?)^```$/gm), ([, text = '']) => text),
  )('has an example that is read: %s', async (text) => {
    const receivers = ['pager', 'mail', 'chat'].map((name) => `{ name: ${name} }`);
    const alertmanager = await fileWith(`route: { receiver: mail }\nreceivers: [${receivers.join(', ')}]\n`);
    const file = join(alertmanager, '..', 'alerting.yaml');
    await writeFile(file, text);
    const stdout = new Output();
    expect(await checkAlertingFiles([file], {}, stdout)).toBe(0);
    expect(stdout.text).toMatch(`${file}: ok, 3 receivers, 0 rules\n`);
  });
});

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAlertingConfig } from '../../src/config/alerting-config-file.ts';
import type { ContextOptions } from '../../src/context/context-options.ts';
import { folderWith } from '../folder.ts';

async function load(context: string): Promise<ContextOptions | undefined> {
  const folder = await folderWith({
    'alertmanager.yml': 'route: { receiver: a }\nreceivers: [{ name: a }]\n',
    'alerting.yaml': `data_dir: data\nalertmanager_config: alertmanager.yml\nreceivers:\n  a:\n    context: ${context}\n`,
  });
  const { config } = await loadAlertingConfig(join(folder, 'alerting.yaml'), {});
  return config.receivers.get('a')?.context;
}

const problemsOf = async (context: string): Promise<string> => {
  const error: unknown = await load(context).catch((reason: unknown) => reason);
  return error instanceof Error ? error.message.replace(/^.*alerting\.yaml/gm, '') : '';
};

describe('receivers.NAME.context', () => {
  it('is all there is, where nothing else is said', async () => {
    const options = await load('{}');
    expect(options).toMatchObject({
      parts: new Set(['links', 'log_lines', 'chart']),
      budgetMs: 2000,
      logLines: { lines: 10, sizeBytes: 2048, sinceMs: 900_000, pods: 3 },
      chartRangeMs: 3_600_000,
    });
    expect([...(options?.links.keys() ?? [])]).toEqual(['runbook', 'dashboard', 'logs', 'silence']);
    const line = 'me@example.com from 10.0.0.7 with Bearer abcdefgh12345678';
    expect(options?.logLines.redactor.redactText(line)).toBe('[email] from 10.0.0.7 with Bearer [bearer_token]');
    expect(await load('null')).toBeUndefined();
  });

  it('is read whole', async () => {
    const options = await load(`
      include: [log_lines]
      budget: 500ms
      links: { silence: '', dashboard: 'https://g.example/{{ .Labels.pod }}', tickets: 'https://t.example/' }
      log_lines: { lines: 3, size: 1KiB, since: 5m, pods: 1, redact: { presets: [], patterns: [{ name: order, pattern: 'A\\d+' }] } }
      chart: { range: 6h }
`);
    expect(options).toMatchObject({
      parts: new Set(['log_lines']),
      budgetMs: 500,
      logLines: { lines: 3, sizeBytes: 1024, sinceMs: 300_000, pods: 1 },
      chartRangeMs: 21_600_000,
    });
    expect([...(options?.links.keys() ?? [])]).toEqual(['runbook', 'dashboard', 'logs', 'tickets']);
    expect(options?.logLines.redactor.redactText('me@example.com ordered A77')).toBe('me@example.com ordered [order]');
  });

  it('is refused with every mistake named', async () => {
    const problems = await problemsOf(`
      links: { Bad-Name: 'https://x.example/', logs: '{{ .Labels' }
      log_lines: { redact: { patterns: [{ name: x, pattern: '(' }] } }
`);
    expect(problems).toContain('expected a name of small letters, digits and _');
    expect(problems).toContain('expected a template of a URL');
    expect(problems).toContain('expected a regular expression');
    expect(await problemsOf('{ include: [weather] }')).toContain('include');
    expect(await problemsOf('{ budget: 1h }')).toContain('budget');
  });
});

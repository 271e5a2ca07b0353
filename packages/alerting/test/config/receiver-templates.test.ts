import { describe, expect, it } from 'vitest';
import { parseAlertmanagerConfig } from '../../src/config/load-config.ts';

function problemsOf(configs: string): readonly string[] {
  const text = `global: { smtp_smarthost: 'localhost:25', smtp_from: 'a@b' }\nroute: { receiver: a }\nreceivers:\n  - name: a\n    ${configs}\n`;
  try {
    parseAlertmanagerConfig(text, 'am.yml');
    return [];
  } catch (error) {
    return error instanceof Error ? error.message.split('\n') : [];
  }
}

describe('templates of receivers', () => {
  it('may use the functions of notifications', () => {
    const text = `{{ .Alerts.Firing | len }} {{ routeLabels "x" | toUpper }} {{ since (index .Alerts 0).StartsAt | humanizeDuration }}`;
    expect(problemsOf(`slack_configs: [{ api_url: 'http://h/s', title: '${text}' }]`)).toEqual([]);
  });

  it('are named where they cannot be parsed, all at once, wherever in a receiver they stand', () => {
    expect(
      problemsOf(`slack_configs: [{ api_url: 'http://h/s', title: '{{ if }}', fields: [{ title: t, value: '{{ .x' }] }]
    email_configs: [{ to: a@b, headers: { Subject: '{{ nope }}' } }]
    webhook_configs: [{ url: 'http://h', payload: { a: ['{{ end }}'] } }]`),
    ).toEqual([
      'am.yml:5:53: receivers[0].slack_configs[0].title: expected a template of Go (template: :1: missing value for if), got "{{ if }}"',
      'am.yml:5:93: receivers[0].slack_configs[0].fields[0].value: expected a template of Go (template: :1: unclosed action), got "{{ .x"',
      'am.yml:6:52: receivers[0].email_configs[0].headers.Subject: expected a template of Go (template: :1: function "nope" not defined), got "{{ nope }}"',
      'am.yml:7:57: receivers[0].webhook_configs[0].payload.a[0]: expected a template of Go (template: :1: unexpected {{end}}), got "{{ end }}"',
    ]);
  });

  it('are not shown where they are secret', () => {
    const [problem = ''] = problemsOf(`pagerduty_configs: [{ routing_key: 'hush{{ if }}' }]`);
    expect(problem).toContain('receivers[0].pagerduty_configs[0].routing_key: expected a template of Go');
    expect(problem).not.toContain('hush');
  });

  it('are not looked for in what is none', () => {
    expect(problemsOf(`telegram_configs: [{ bot_token: '{{ x', chat_id: 1 }]`)).toEqual([]);
    expect(problemsOf(`webhook_configs: [{ url_file: '/{{ x' }]`)).toEqual([]);
  });
});

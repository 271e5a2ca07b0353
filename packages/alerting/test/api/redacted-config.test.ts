import { expect, it } from 'vitest';
import { redactedConfig } from '../../src/api/redacted-config.ts';
import { parseAlertmanagerConfig } from '../../src/config/load-config.ts';

const WRITTEN = `# who is told
global:
  slack_api_url: http://hooks/hunter2
  smtp_auth_password: hunter2
  opsgenie_api_key: &key hunter2
  opsgenie_api_url: http://opsgenie/
  http_config:
    proxy_url: http://proxy-user:hunter2@proxy:3128
    proxy_connect_header: { X-Token: [hunter2] }
    basic_auth: { username: me, password: hunter2 }
route: { receiver: a }
receivers:
  - name: a
    webhook_configs:
      - url: https://hook/hunter2
        http_config: { authorization: { credentials: hunter2 } }
      - { url_file: /etc/hook }
    slack_configs: [{ api_url: 'http://hunter2', channel: '#x' }]
    telegram_configs: [{ bot_token: hunter2, chat_id: 1, api_url: 'http://telegram' }]
    opsgenie_configs: [{ api_key: *key }]
    discord_configs: [{ webhook_url: 'http://discord/hunter2' }]
`;

it('shows no secret of a configuration, and all else with its comments', () => {
  const shown = redactedConfig(WRITTEN);
  expect(shown).not.toContain('hunter2');
  expect(shown).toContain('# who is told');
  for (const kept of [
    'http://opsgenie/',
    'http://telegram',
    '/etc/hook',
    'username: me',
    '#x',
    'http://proxy-user:xxxxx@proxy:3128',
  ])
    expect(shown).toContain(kept);
  expect(redactedConfig(shown)).toBe(shown);
  const supported = WRITTEN.replace(/ +proxy_connect_header.*\n/, '');
  expect(() => parseAlertmanagerConfig(supported, 'a.yml')).not.toThrow();
});

it('changes nothing else, however a secret is written', () => {
  const text = (secret: string): string => `a:   { "token": ${secret} ,b:  1}  # c\nkey: ${secret}\n`;
  for (const secret of ['x y', "'x'", '"\\x41"', "'a''b'"]) expect(redactedConfig(text(secret))).toBe(text('<secret>'));
  expect(redactedConfig('password: |\n  one\n  two\nb: 1\n')).toBe('password: <secret>\nb: 1\n');
  expect(redactedConfig('u: "http:\\/\\/me:x@h"\ntoken: ""\nkey:\n')).toBe('u: <secret>\ntoken: ""\nkey:\n');
});

it('shows nothing of what is no YAML', () => {
  expect(redactedConfig('a: [hunter2')).toBe('');
});

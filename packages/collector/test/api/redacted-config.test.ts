import { expect, it } from 'vitest';
import { redactedConfig } from '../../src/api/redacted-config.ts';

it('shows a configuration without its secrets, comments and all', () => {
  const text = `# ours
scrape_configs:
  - job_name: shop
    basic_auth: { username: u, password: hunter2 }
    authorization:
      credentials: abc # a token
      credentials_file: /f
    proxy_url: http://u:hunter2@proxy:3128
    http_headers:
      X-Key: { secrets: [hunter2], values: [shown] }
    tls_config:
      key: |
        -----BEGIN
`;
  const shown = redactedConfig(text);
  expect(shown).not.toMatch(/hunter2|abc|BEGIN/);
  expect(shown).toContain('# ours');
  expect(shown).toContain('credentials_file: /f');
  expect(shown).toContain('http://<secret>@proxy:3128');
  expect(shown).toContain('values: [ shown ]');
});

it('shows nothing of what is no YAML', () => {
  expect(redactedConfig('a: [')).toBe('');
});

import { describe, expect, it } from 'vitest';
import { type AlertmanagerConfig, parseAlertmanagerConfig } from '../../src/config/load-config.ts';
import type { IntegrationConfig } from '../../src/config/receiver-section.ts';

const withReceiver = (configs: string, global = '{}'): string =>
  `global: ${global}\nroute: { receiver: a }\nreceivers:\n  - name: a\n    ${configs}\n`;

const load = (text: string): AlertmanagerConfig => parseAlertmanagerConfig(text, '/etc/am/alertmanager.yml');

function integrationsOf(configs: string, global?: string): readonly IntegrationConfig[] {
  return load(withReceiver(configs, global)).receivers[0]?.integrations ?? [];
}

function problemOf(configs: string, global?: string): string {
  try {
    load(withReceiver(configs, global));
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  return '';
}

describe('receivers', () => {
  it('have the defaults of Alertmanager', () => {
    const integrations = integrationsOf(
      `webhook_configs: [{ url: 'http://h/x' }]
    email_configs: [{ to: on-call@example.org }]
    pagerduty_configs: [{ routing_key: k }]
    opsgenie_configs: [{ api_key: k }]
    slack_configs: [{ api_url: 'http://h/s' }]
    pushover_configs: [{ user_key: u, token: t }]
    telegram_configs: [{ bot_token: t, chat_id: -100 }]
    discord_configs: [{ webhook_url: 'http://h/d' }]
    msteams_configs: [{ webhook_url: 'http://h/m' }]
    msteamsv2_configs: [{ webhook_url: 'http://h/n' }]`,
      '{ smtp_smarthost: "localhost:25", smtp_from: am@example.org }',
    );
    expect(integrations.map(({ kind, sendResolved }) => [kind, sendResolved])).toEqual([
      ['webhook', true],
      ['email', false],
      ['pagerduty', true],
      ['opsgenie', true],
      ['slack', false],
      ['pushover', true],
      ['telegram', true],
      ['discord', true],
      ['msteams', true],
      ['msteamsv2', true],
    ]);
    expect(integrations).toMatchObject([
      { url: { value: 'http://h/x' }, maxAlerts: 0, timeoutMs: 0, payload: undefined, http: { followRedirects: true } },
      {
        html: '{{ template "email.default.html" . }}',
        text: '',
        smtp: {
          smarthost: { host: 'localhost', port: '25' },
          from: 'am@example.org',
          hello: 'localhost',
          requireTls: true,
        },
        threading: undefined,
      },
      {
        url: 'https://events.pagerduty.com/v2/enqueue',
        source: '{{ template "pagerduty.default.client" . }}',
        clientUrl: '{{ template "pagerduty.default.clientURL" . }}',
        details: { num_firing: '{{ .Alerts.Firing | len }}' },
      },
      { url: 'https://api.opsgenie.com/', message: '{{ template "opsgenie.default.message" . }}', updateAlerts: false },
      { titleLink: '{{ template "slack.default.titlelink" . }}', iconUrl: '{{ template "slack.default.iconurl" . }}' },
      { retryMs: 60_000, expireMs: 3_600_000, ttlMs: 0, priority: '{{ if eq .Status "firing" }}2{{ else }}0{{ end }}' },
      { url: 'https://api.telegram.org', chat: { id: -100 }, parseMode: 'HTML' },
      { title: '{{ template "discord.default.title" . }}', content: '' },
      { summary: '{{ template "msteams.default.summary" . }}' },
      { text: '{{ template "msteamsv2.default.text" . }}' },
    ]);
  });

  it('take from global what they do not say', () => {
    const [pagerduty, opsgenie, telegram] = integrationsOf(
      `pagerduty_configs: [{ service_key_file: key, url: 'http://pd/', details: { firing: x } }]
    opsgenie_configs: [{}]
    telegram_configs: [{ chat_id_file: chat, http_config: { follow_redirects: false } }]`,
      `{ opsgenie_api_key: k, opsgenie_api_url: 'http://og/v', telegram_bot_token_file: /t, http_config: { proxy_url: 'http://p:1' } }`,
    );
    expect(pagerduty).toMatchObject({
      serviceKey: { file: '/etc/am/key' },
      url: 'http://pd/',
      details: { firing: 'x', num_resolved: '{{ .Alerts.Resolved | len }}' },
      http: { proxy: { url: 'http://p:1' } },
    });
    expect(opsgenie).toMatchObject({ key: { value: 'k' }, url: 'http://og/v' });
    expect(telegram).toMatchObject({
      token: { file: '/t' },
      chat: { file: '/etc/am/chat' },
      http: { followRedirects: false, proxy: { url: undefined } },
    });
  });

  it('have the global proxy beside an http_config of msteamsv2 alone', () => {
    const [discord, teams] = integrationsOf(
      `discord_configs: [{ webhook_url: 'http://h', http_config: { enable_http2: false } }]
    msteamsv2_configs: [{ webhook_url: 'http://h', http_config: { enable_http2: false } }]`,
      `{ http_config: { proxy_url: 'http://p:1' } }`,
    );
    expect(discord).toMatchObject({ http: { proxy: { url: undefined } } });
    expect(teams).toMatchObject({ http: { enableHttp2: false, proxy: { url: 'http://p:1' } } });
  });
});

describe('slack', () => {
  it.each([
    ['{}', '{ slack_api_url: "http://h/g" }', { url: { value: 'http://h/g' } }],
    ['{ api_url_file: f }', '{ slack_api_url: "http://h/g" }', { url: { file: '/etc/am/f' } }],
    [
      '{}',
      '{ slack_app_token_file: /t }',
      {
        url: { value: 'https://slack.com/api/chat.postMessage' },
        http: { authorization: { type: 'Bearer', credentials: { file: '/t' } } },
      },
    ],
    ['{ app_token: own, app_url: "http://h/app" }', '{ slack_app_token: t }', { url: { value: 'http://h/app' } }],
    [
      '{ api_url: "http://h/s" }',
      '{ slack_app_token: t }',
      { url: { value: 'http://h/s' }, http: { authorization: undefined } },
    ],
  ])('%s beside %s', (slack, global, expected) => {
    expect(integrationsOf(`slack_configs: [${slack}]`, global)).toMatchObject([expected]);
  });

  it('shows fields and actions', () => {
    const [slack] = integrationsOf(
      `slack_configs:
      - api_url: http://h/s
        fields: [{ title: t, value: v, short: true }]
        timeout: 1m30s
        actions:
          - { type: button, text: Go, url: 'http://x', name: dropped, confirm: { text: sure } }
          - { type: button, text: Ack, name: ack, value: v, confirm: { text: sure, ok_text: yes } }`,
    );
    expect(slack).toMatchObject({
      fields: [{ title: 't', value: 'v', short: true }],
      timeoutMs: 90_000,
      actions: [
        { url: 'http://x', name: '', confirm: undefined },
        { name: 'ack', confirm: { text: 'sure', okText: 'yes' } },
      ],
    });
  });
});

describe('mistakes in receivers', () => {
  it.each([
    ['webhook_configs: [{ url: "http://h", url_file: f }]', 'at most one of url & url_file'],
    ['webhook_configs: [{}]', 'one of url or url_file'],
    ['webhook_configs: [null]', 'missing webhook config'],
    ['webhook_configs: [{ url: "ftp://h" }]', 'invalid URL: unsupported scheme "ftp" for URL'],
    ['webhook_configs: [{ url: "http:///x" }]', 'invalid URL: missing host for URL'],
    ['webhook_configs: [{ url: "http://h/{{ .x " }]', 'invalid template syntax: '],
    ['email_configs: [{}]', 'missing to address in email config'],
    ['email_configs: [{ to: a, from: b }]', 'no global SMTP smarthost set'],
    ['email_configs: [{ to: a, smarthost: "h:25" }]', 'no global SMTP from set'],
    ['email_configs: [{ to: a, from: b, smarthost: h }]', 'address h: missing port in address'],
    ['email_configs: [{ to: a, from: b, smarthost: "h:" }]', 'address "h:": port cannot be empty'],
    [
      'email_configs: [{ to: a, from: b, smarthost: "h:25", headers: { subject: x, Subject: y } }]',
      'duplicate header "Subject" in email config',
    ],
    [
      'email_configs: [{ to: a, from: b, smarthost: "h:25", threading: { enabled: true } }]',
      "threading.thread_by_date must be either 'none' or 'daily'",
    ],
    ['pagerduty_configs: [{}]', 'missing service or routing key in PagerDuty config'],
    ['pagerduty_configs: [{ routing_key: k, routing_key_file: f }]', 'at most one of routing_key & routing_key_file'],
    ['opsgenie_configs: [{}]', 'no global OpsGenie API Key set either inline or in a file'],
    [
      'opsgenie_configs: [{ api_key: k, responders: [{ type: team }] }]',
      'has to have at least one of id, username or name',
    ],
    ['opsgenie_configs: [{ api_key: k, responders: [{ id: i, type: x }] }]', 'type does not match valid options'],
    ['slack_configs: [{}]', 'no Slack API URL nor App token set either inline or in a file'],
    [
      'slack_configs: [{ api_url: "http://h", app_token: t }]',
      'at most one of api_url/api_url_file & app_token/app_token_file',
    ],
    [
      'slack_configs: [{ api_url: "http://h", update_message: true }]',
      'update_message can only be used with bot tokens',
    ],
    [
      'slack_configs: [{ app_token: t, http_config: { authorization: { credentials: c } } }]',
      "http authorization can't be set when using Slack App tokens",
    ],
    ['slack_configs: [{ api_url: "http://h", fields: [{ value: v }] }]', 'missing title in Slack field configuration'],
    [
      'slack_configs: [{ api_url: "http://h", actions: [{ type: t, text: x }] }]',
      'missing name or url in Slack action',
    ],
    ['webhook_configs: [{ url: hook.example/in }]', 'got what is not shown, for it may be a secret'],
    [
      'pushover_configs: [{ token: t, user_key: u, retry: 90 }]',
      'expected a duration with its unit, such as 30s or 1m30s, got "90"',
    ],
    [
      'webhook_configs: [{ url: "http://h", http_config: { oauth2: { client_id: c, token_url: "http://t", grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", iss: i } } }]',
      'http_config.oauth2.iss: expected nothing but a client id and its secret: Vigie asks for tokens by no other grant',
    ],
    ['pushover_configs: [{ token: t }]', 'one of user_key or user_key_file'],
    ['pushover_configs: [{ token: t, user_key: u, html: true, monospace: true }]', 'at most one of monospace & html'],
    ['pushover_configs: [{ token: t, user_key: u, retry: 30 }]', 'a duration with its unit, such as 30s or 1m30s'],
    ['telegram_configs: [{ chat_id: 1 }]', 'missing bot_token or bot_token_file on telegram_config'],
    ['telegram_configs: [{ bot_token: t }]', 'missing chat_id or chat_id_file on telegram_config'],
    ['telegram_configs: [{ bot_token: t, chat_id: 1, parse_mode: md }]', 'unknown parse_mode on telegram_config'],
    ['discord_configs: [{}]', 'one of webhook_url or webhook_url_file'],
    [
      'msteams_configs: [{ webhook_url: "http://h", webhook_url_file: f }]',
      'at most one of webhook_url & webhook_url_file',
    ],
    [
      'webhook_configs: [{ url: "http://h", http_config: { basic_auth: {}, bearer_token: t } }]',
      'at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file',
    ],
  ])('%s', (configs, message) => {
    expect(problemOf(configs)).toContain(message);
  });

  it('of pairs in global are told where receivers use none of them', () => {
    expect(problemOf('labels: {}', '{ wechat_api_secret: s3cret, wechat_api_secret_file: f }')).toBe(
      '/etc/am/alertmanager.yml:1:38: global.wechat_api_secret_file: expected at most one of wechat_api_secret & wechat_api_secret_file, got "wechat_api_secret_file"',
    );
  });

  it('of URLs in global are told where receivers use none of them', () => {
    expect(problemOf('labels: {}', '{ jira_api_url: "ftp://jira" }')).toContain('unsupported scheme "ftp" for URL');
  });

  it('never show a secret', () => {
    const problems = problemOf(
      `webhook_configs: [{ url: 's3cret-webhook' }, { url: 'http://h/{{ s3cret' }]
    slack_configs: [{ api_url: s3cret-slack, app_token: s3cret-token, app_token_file: f }]
    discord_configs: [{ webhook_url: 'ftp://s3cret' }]
    pagerduty_configs: [{ routing_key: s3cret, routing_key_file: f, http_config: { proxy_url: 'x://u:s3cret@h' } }]`,
      '{ slack_api_url: s3cret, slack_api_url_file: f }',
    );
    expect(problems.split('\n').length).toBeGreaterThan(7);
    expect(problems.replaceAll('template: :1: function "s3cret" not defined', '')).not.toContain('s3cret');
  });
});

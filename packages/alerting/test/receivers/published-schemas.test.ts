/** What receivers are sent is what their services say they take: the requests of testdata, which golden.test.ts holds Vigie to byte for byte, and those
 *  with context, which are Vigie's own. */
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { createIntegrations } from '../../src/receivers/create-integrations.ts';
import { CONTEXT_TEMPLATES } from '../../src/templates/context-template.ts';
import { NotificationTemplates } from '../../src/templates/notification-templates.ts';
import { chartOf } from '../context/chart/charts.ts';
import { notificationOf, readTestdata } from '../templates/notifications.ts';
import { publishedSchema } from './published-schemas.ts';
import { record } from './recorder.ts';
import { never, receiverOf, testDeps } from './test-deps.ts';

const rowSchema = v.object({
  receiver: v.string(),
  requests: v.array(v.object({ method: v.string(), url: v.string(), body: v.string() })),
});
type Row = v.InferOutput<typeof rowSchema>;

const rows = readTestdata('requests.jsonl')
  .trimEnd()
  .split('\n')
  .map((line) => v.parse(rowSchema, JSON.parse(line)));

/** Whose text is the configuration's own: a payload, and a severity that PagerDuty does not have. */
const OWN = /^webhook payload|^pagerduty v2 full/;

function documentOf({ url, body }: Pick<Row['requests'][number], 'url' | 'body'>): unknown {
  return body === '' ? Object.fromEntries(new URL(url).searchParams) : JSON.parse(body);
}

const problemsOf = (schema: v.GenericSchema, document: unknown): readonly string[] =>
  (v.safeParse(schema, document).issues ?? []).map((issue) => `${v.getDotPath(issue)}: ${issue.message}`);

const requests = rows
  .filter(({ receiver }) => !OWN.test(receiver))
  .flatMap(({ receiver, requests: sent }) =>
    sent.flatMap(({ method, url, body }) => {
      if (method === 'error') return [];
      const schema = publishedSchema(receiver.split(' ')[0] ?? '', method, new URL(url).pathname);
      return [{ receiver, schema, document: documentOf({ url, body }) }];
    }),
  );

describe('what is sent', () => {
  it.each(requests)('$receiver is what the service takes', ({ schema, document }) => {
    expect(problemsOf(schema, document)).toEqual([]);
  });

  it.each(requests)('$receiver would be refused with a member that nobody knows', ({ schema, document }) => {
    expect(problemsOf(schema, { ...Object(document), unknown: 1 })).not.toEqual([]);
  });
});

const WITH_CONTEXT: readonly (readonly [string, (url: string) => string])[] = [
  ['webhook', (url) => `webhook_configs: [{ url: '${url}/' }]`],
  ['slack', (url) => `slack_configs: [{ api_url: '${url}/', channel: c }]`],
  ['pagerduty', (url) => `pagerduty_configs: [{ url: '${url}/', routing_key: k }]`],
  ['opsgenie', (url) => `opsgenie_configs: [{ api_url: '${url}/', api_key: k }]`],
  ['telegram', (url) => `telegram_configs: [{ api_url: '${url}', bot_token: t, chat_id: 1 }]`],
  ['discord', (url) => `discord_configs: [{ webhook_url: '${url}/' }]`],
  ['msteams', (url) => `msteams_configs: [{ webhook_url: '${url}/' }]`],
  ['msteamsv2', (url) => `msteamsv2_configs: [{ webhook_url: '${url}/' }]`],
];

it.each(WITH_CONTEXT)('with a chart and log lines, %s is sent what the service takes', async (kind, configOf) => {
  const server = await record((_request, response) => response.end('{"ok":true}'));
  const notification = notificationOf('mixed');
  const chartUrl = 'http://vigie.example/charts/00.png';
  const lines = new Map([
    ['vigie_log_lines', '10:00:00 lost <b>'],
    ['vigie_chart_url', chartUrl],
  ]);
  const charts = new Map([[chartUrl, chartOf()]]);
  const annotations = new Map(notification.alerts.map(({ fingerprint }) => [fingerprint, lines] as const));
  const deps = { ...testDeps(), templates: new NotificationTemplates(() => 0, CONTEXT_TEMPLATES) };
  const [integration] = createIntegrations(receiverOf(configOf(server.url)), deps);
  await integration?.send({ ...notification, context: { annotations, charts } }, never);
  const [sent] = server.requests;
  if (sent === undefined) throw new Error('nothing was sent');
  const schema = publishedSchema(kind, sent.method, sent.url);
  expect(problemsOf(schema, documentOf({ url: `${server.url}${sent.url}`, body: sent.body }))).toEqual([]);
});

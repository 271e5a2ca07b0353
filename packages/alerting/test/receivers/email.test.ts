/** Mails to a real SMTP server, with STARTTLS. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FakeClock } from '@vigie/core/fake-clock';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createIntegrations } from '../../src/receivers/create-integrations.ts';
import type { Exchange, Integration, Notification, SendOutcome } from '../../src/receivers/integration.ts';
import { CONTEXT_TEMPLATES } from '../../src/templates/context-template.ts';
import { NotificationTemplates } from '../../src/templates/notification-templates.ts';
import { chartOf } from '../context/chart/charts.ts';
import { notificationOf } from '../templates/notifications.ts';
import { never, receiverOf, testDeps } from './test-deps.ts';

const tlsFile = (name: string): string => fileURLToPath(new URL(`../../../core/testdata/tls/${name}`, import.meta.url));
const NOW_MS = Date.parse('2024-06-01T23:30:00Z');

interface Delivered {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
  readonly secure: boolean;
  readonly user: string | undefined;
  readonly hello: string;
}

interface Mailbox {
  readonly port: number;
  readonly mails: Delivered[];
}

async function serve(options: SMTPServerOptions = {}): Promise<Mailbox> {
  const mails: Delivered[] = [];
  const server = new SMTPServer({
    key: readFileSync(tlsFile('server.key')),
    cert: readFileSync(tlsFile('server.crt')),
    authOptional: true,
    onRcptTo: ({ address }, _session, done) => done(address.startsWith('no-') ? new Error('no such mailbox') : null),
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          text: Buffer.concat(chunks).toString(),
          secure: session.secure,
          user: session.user,
          hello: session.hostNameAppearsAs,
        });
        done();
      });
    },
    onAuth({ username, password, method, validatePassword }, _session, done) {
      const isRight = method === 'CRAM-MD5' ? validatePassword('s3cret') : password === 'pass word';
      if (username === 'me' && isRight) done(null, { user: `me by ${method}` });
      else done(new Error('bad credentials'));
    },
    ...options,
  });
  server.on('error', () => undefined);
  const listening = server.listen(0, '127.0.0.1');
  await new Promise<void>((resolve) => listening.once('listening', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const address = listening.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0, mails };
}

function integrationOf(port: number, config: string, deps = testDeps(new FakeClock(NOW_MS))): Integration {
  const common = `smarthost: 'localhost:${port}', from: 'Vigie <vigie@example.org>', tls_config: { ca_file: '${tlsFile('ca.crt')}' }`;
  const receiver = receiverOf(`email_configs: [{ ${common}, ${config} }]`);
  const [integration] = createIntegrations(receiver, deps);
  if (integration === undefined) throw new Error('no integration');
  return integration;
}

const send = (integration: Integration, change: Partial<Notification> = {}): Promise<SendOutcome> =>
  integration.send({ ...notificationOf('firing'), ...change }, never);

/** Header fields by their names, folded lines as one. */
function headersOf({ text }: Delivered): ReadonlyMap<string, string> {
  const head = text.slice(0, text.indexOf('\r\n\r\n')).replace(/\r\n[ \t]+/g, ' ');
  return new Map(
    head.split('\r\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
}

const TO = `to: 'a@example.org, "B, C" <b@example.org>'`;

describe('email', () => {
  it('arrives over STARTTLS, as text and HTML, with its headers', async () => {
    const server = await serve();
    const config = `${TO}, hello: vigie.example, text: 'Tëxt {{ .Status }}', html: '<p>{{ .CommonAnnotations.summary }}</p>', headers: { X-Team: '{{ .CommonLabels.team }}', subject: 'S {{ .CommonLabels.team }}' }`;
    expect(await send(integrationOf(server.port, config))).toEqual({ kind: 'sent' });
    const [mail] = server.mails;
    expect(mail).toMatchObject({
      from: 'vigie@example.org',
      to: ['a@example.org', 'b@example.org'],
      secure: true,
      hello: 'vigie.example',
    });
    const headers = headersOf(mail!);
    expect(Object.fromEntries(headers)).toMatchObject({
      From: 'Vigie <vigie@example.org>',
      To: 'a@example.org, "B, C" <b@example.org>',
      Subject: 'S shop',
      'X-Team': 'shop',
      Date: 'Sat, 01 Jun 2024 23:30:00 +0000',
      'MIME-Version': '1.0',
    });
    expect(headers.get('Message-ID')).toMatch(/^<1717284600000\.\d+@host\.example>$/);
    expect(headers.get('Content-Type')).toMatch(/^multipart\/alternative;/);
    expect(headers.has('References')).toBe(false);
    expect(mail?.text).toContain('T=C3=ABxt firing');
    expect(mail?.text.replace(/=\r\n/g, '')).toContain('<p>p99 &gt; 2s &amp; rising on &lt;web-1&gt;</p>');
    const exchanges: Exchange[] = [];
    await integrationOf(server.port, config).send(notificationOf('firing'), never, (one) => exchanges.push(one));
    const summary = 'p99 &gt; 2s &amp; rising on &lt;web-1&gt;';
    expect(exchanges).toEqual([{ body: `Tëxt firing<p>${summary}</p>`, status: undefined }]);
  });

  it('has the shipped subject and HTML unless it is told otherwise', async () => {
    const server = await serve();
    expect(await send(integrationOf(server.port, TO))).toEqual({ kind: 'sent' });
    expect(headersOf(server.mails[0]!).get('Subject')).toBe('[FIRING:1] HighLatency (web-1:9090 web page shop)');
    expect(server.mails[0]?.text).toContain('View in Alertmanager');
  });

  it('has charts in it, where its HTML shows them', async () => {
    const server = await serve();
    const chart = 'https://alerts.example/charts/0a1b.png';
    const firing = notificationOf('firing');
    const annotations = new Map(
      firing.alerts.map(({ fingerprint }) => [fingerprint, new Map([['vigie_chart_url', chart]])] as const),
    );
    const context = { annotations, charts: new Map([[chart, chartOf()]]) };
    const templates = new NotificationTemplates(() => NOW_MS, CONTEXT_TEMPLATES);
    const deps = { ...testDeps(new FakeClock(NOW_MS)), templates };
    expect(await send(integrationOf(server.port, TO, deps), { context })).toEqual({ kind: 'sent' });
    expect(await send(integrationOf(server.port, `${TO}, html: '<p>no picture</p>'`, deps), { context })).toEqual({
      kind: 'sent',
    });
    const [shown, unshown] = server.mails.map(({ text }) => text);
    expect(shown).toMatch(/Content-Type: multipart\/related/);
    expect(shown?.replace(/=\r\n/g, '')).toContain('<img src=3D"cid:0a1b.png@vigie"');
    expect(shown).toMatch(/Content-Id: <0a1b\.png@vigie>/i);
    const [, base64 = ''] = /Content-Type: image\/png[\s\S]*?\r\n\r\n([\s\S]*?)\r\n--/.exec(shown ?? '') ?? [];
    expect(Buffer.from(base64, 'base64').toString('latin1', 1, 4)).toBe('PNG');
    expect(unshown).not.toContain('image/png');
  });

  it('puts mails of a group in one thread, by day where it is asked', async () => {
    const server = await serve();
    await send(integrationOf(server.port, `${TO}, threading: { enabled: true, thread_by_date: daily }`));
    await send(integrationOf(server.port, `${TO}, threading: { enabled: true, thread_by_date: none }`));
    const [daily, whole] = server.mails.map((mail) => headersOf(mail));
    expect(daily?.get('References')).toMatch(/^<alert-[0-9a-f]{16}-2024-06-01@alertmanager>$/);
    expect(daily?.get('In-Reply-To')).toBe(daily?.get('References'));
    expect(whole?.get('References')).toMatch(/^<alert-[0-9a-f]{16}-@alertmanager>$/);
  });

  it.each([
    ['PLAIN', `auth_username: me, auth_password: 'pass word'`, ['PLAIN', 'LOGIN']],
    ['LOGIN', `auth_username: me, auth_password: 'pass word'`, ['LOGIN']],
    ['CRAM-MD5', `auth_username: me, auth_secret: s3cret`, ['PLAIN', 'CRAM-MD5']],
  ])('logs in by %s', async (method, config, authMethods) => {
    const server = await serve({ authMethods, authOptional: false });
    expect(await send(integrationOf(server.port, `${TO}, ${config}`))).toEqual({ kind: 'sent' });
    expect(server.mails[0]?.user).toBe(`me by ${method}`);
  });

  it('is tried again where the server refuses the login, without the password in what is said', async () => {
    const server = await serve({ authOptional: false });
    const outcome = await send(integrationOf(server.port, `${TO}, auth_username: me, auth_password: hush`));
    expect(outcome).toMatchObject({ kind: 'retry' });
    expect(JSON.stringify(outcome)).not.toContain('hush');
  });

  it('is not sent in the clear where TLS is required, and is where it is not', async () => {
    const server = await serve({ disabledCommands: ['STARTTLS'] });
    expect(await send(integrationOf(server.port, TO))).toMatchObject({ kind: 'retry' });
    expect(server.mails).toHaveLength(0);
    expect(await send(integrationOf(server.port, `${TO}, require_tls: false`))).toEqual({ kind: 'sent' });
    expect(server.mails[0]?.secure).toBe(false);
  });

  it('is not sent to a server whose certificate nobody vouches for', async () => {
    const stranger = { key: readFileSync(tlsFile('stranger.key')), cert: readFileSync(tlsFile('stranger.crt')) };
    const server = await serve(stranger);
    expect(await send(integrationOf(server.port, TO))).toMatchObject({ kind: 'retry' });
    expect(server.mails).toHaveLength(0);
  });

  it('goes over TLS from the first byte on where it is told to', async () => {
    const server = await serve({ secure: true });
    expect(await send(integrationOf(server.port, `${TO}, force_implicit_tls: true`))).toEqual({ kind: 'sent' });
    expect(server.mails[0]?.secure).toBe(true);
  });

  it('says whom the server did not take it for, and is tried again where it took it for nobody', async () => {
    const server = await serve();
    expect(await send(integrationOf(server.port, `to: 'a@example.org, no-one@example.org'`))).toEqual({
      kind: 'sent',
      problem: 'the server did not take it for no-one@example.org',
    });
    expect(await send(integrationOf(server.port, 'to: no-one@example.org'))).toMatchObject({ kind: 'retry' });
  });

  it('fails for good where addresses are none', async () => {
    expect(await send(integrationOf(1, `to: '{{ .CommonLabels.team }}'`))).toEqual({
      kind: 'failed',
      reason: "parse 'to' addresses: expected addresses of mail, got shop",
    });
  });

  it('keeps line feeds of labels out of its headers', async () => {
    const server = await serve();
    const config = `${TO}, headers: { Subject: 'x {{ (index .Alerts 0).Labels.lines }}{{ "\\r\\nBcc: evil@example.org" }}' }`;
    expect(await send(integrationOf(server.port, config), notificationOf('odd'))).toEqual({ kind: 'sent' });
    expect(headersOf(server.mails[0]!).has('Bcc')).toBe(false);
    expect(server.mails[0]?.to).toEqual(['a@example.org', 'b@example.org']);
  });

  it('ends with the signal', async () => {
    let connected = (): void => undefined;
    const isThere = new Promise<void>((resolve) => (connected = resolve));
    const server = await serve({ onConnect: () => connected() });
    const ending = new AbortController();
    const sending = integrationOf(server.port, TO).send(notificationOf('firing'), ending.signal);
    await isThere;
    ending.abort(new Error('the flush is over'));
    expect(await sending).toEqual({ kind: 'retry', reason: 'the flush is over', afterMs: undefined });
  });

  it('is tried again where nobody listens', async () => {
    expect(await send(integrationOf(1, TO))).toMatchObject({
      kind: 'retry',
      reason: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

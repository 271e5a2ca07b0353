/** `email_configs`. Source: Alertmanager 0.34, notify/email. */
import { describeError, VigieError } from '@vigie/core/errors';
import { configuredTls } from '@vigie/core/http-client/client-tls';
import { formatLayout } from '@vigie/core/template/time-layout';
import type { ClientTlsOptions } from '@vigie/core/tls';
import addressparser from 'nodemailer/lib/addressparser';
import MailComposer from 'nodemailer/lib/mail-composer';
import type { EmailConfig } from '../config/receivers/email.ts';
import { chartPng } from '../context/chart-store.ts';
import type { NotificationContext } from '../context/notification-context.ts';
import { dedupKeyOf } from '../identity/group-key.ts';
import { notificationData } from '../templates/notification-data.ts';
import type { Rendering } from '../templates/notification-templates.ts';
import { prepared, shortened, wanted } from './http-integration.ts';
import type { Integration, Notification } from './integration.ts';
import type { ReceiverDeps } from './receiver-deps.ts';
import { type SecretReader, SecretsInUse, secretReader } from './secrets.ts';
import { type Envelope, handOver, type SmtpLogin, type SmtpServer } from './smtp.ts';

const DEFAULT_SUBJECT = '{{ template "email.default.subject" . }}';
/** Names that may stand for a port. */
const SERVICE_PORTS: Readonly<Record<string, number>> = { smtp: 25, submission: 587, smtps: 465, submissions: 465 };
/** By Alertmanager's own rule. */
const IMPLICIT_TLS_PORT = 465;

export function emailIntegration(id: string, config: EmailConfig, deps: ReceiverDeps): Integration {
  const { clock, templates, externalUrl } = deps;
  const tls = configuredTls(config.smtp.tls, clock);
  const readLogin = loginReader(config, deps);
  return {
    id,
    kind: config.kind,
    sendsResolved: config.sendResolved,
    async send(asked, signal, onExchange) {
      const notification = wanted(asked, config.sendResolved);
      if (notification === undefined) return { kind: 'sent' };
      const secrets = new SecretsInUse();
      const mail = prepared(() => {
        const rendering = templates.render(notificationData(notification, externalUrl));
        const server = serverOf(config, tls.current());
        return { server, login: readLogin(secrets), ...mailOf(config, notification, rendering, deps) };
      });
      if ('kind' in mail) return mail;
      const { build, body, envelope, server, login } = mail.value;
      try {
        const message = await build();
        onExchange?.({ body, status: undefined });
        const rejected = await handOver(message, envelope, server, login, signal);
        if (rejected.length === 0) return { kind: 'sent' };
        return { kind: 'sent', problem: `the server did not take it for ${rejected.join(', ')}` };
      } catch (error) {
        const reason = secrets.clear(shortened(describeError(signal.aborted ? signal.reason : error)));
        return { kind: 'retry', reason, afterMs: undefined };
      }
    },
  };
}

function serverOf({ smtp }: EmailConfig, tls: ClientTlsOptions): SmtpServer {
  const { smarthost, hello, requireTls, forceImplicitTls } = smtp;
  const { host = '', port: written = '' } = smarthost ?? {};
  const port = SERVICE_PORTS[written] ?? Number(written);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new VigieError('RECEIVER_UNUSABLE', `the smarthost's port should be a number, not ${written}`);
  return { host, port, hello, tls, startTls: requireTls, implicitTls: forceImplicitTls ?? port === IMPLICIT_TLS_PORT };
}

function loginReader({ smtp }: EmailConfig, { clock }: ReceiverDeps): (secrets: SecretsInUse) => SmtpLogin | undefined {
  const { username, password, secret, identity } = smtp;
  const none: SecretReader = () => '';
  const readPassword = password === undefined ? none : secretReader(password, clock);
  const readSecret = secret === undefined ? none : secretReader(secret, clock);
  return (secrets) =>
    username === '' ? undefined : { username, identity, password: readPassword(secrets), secret: readSecret(secrets) };
}

interface Mail {
  readonly build: () => Promise<Buffer>;
  /** What is to be read in it. */
  readonly body: string;
  readonly envelope: Envelope;
}

function mailOf(config: EmailConfig, notification: Notification, rendering: Rendering, deps: ReceiverDeps): Mail {
  const { text, html } = rendering;
  const nowMs = deps.clock.nowMs();
  const [from, ...others] = addressesIn(text(config.smtp.from), 'from');
  if (from === undefined || others.length > 0) {
    throw new VigieError('RECEIVER_UNUSABLE', `must be exactly one 'from' address (got: ${others.length + 1})`);
  }
  const to = addressesIn(text(config.to), 'to');
  const headers = {
    Subject: DEFAULT_SUBJECT,
    To: config.to,
    From: config.smtp.from,
    ...config.headers,
  };
  const expanded = Object.entries(headers).map(([name, source]) => [name, text(source)] as const);
  const { shown, images } = withImages(config.html === '' ? undefined : html(config.html), notification.context);
  const plain = config.text === '' ? undefined : text(config.text);
  const composer = new MailComposer({
    headers: { ...Object.fromEntries(expanded), ...threadHeaders(config, notification, nowMs) },
    messageId: Object.hasOwn(config.headers, 'Message-Id') ? undefined : messageId(deps, nowMs),
    date: new Date(nowMs),
    text: plain,
    html: shown,
    attachments: images,
    textEncoding: 'quoted-printable',
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const body = `${plain ?? ''}${shown ?? ''}`;
  return { build: () => composer.compile().build(), body, envelope: { from, to } };
}

interface InlineImage {
  readonly cid: string;
  readonly filename: string;
  readonly content: Buffer;
  readonly contentType: string;
  readonly contentDisposition: 'inline';
}

/** Charts go with the mail: clients show no pictures from elsewhere until they are asked to.
 *  @param html of the mail */
function withImages(html: string | undefined, context: NotificationContext | undefined) {
  const images: InlineImage[] = [];
  let shown = html;
  for (const [url, chart] of context?.charts ?? []) {
    const source = `src="${url}"`;
    if (shown?.includes(source) !== true) continue;
    const filename = url.slice(url.lastIndexOf('/') + 1);
    const cid = `${filename}@vigie`;
    images.push({ cid, filename, content: chartPng(chart), contentType: 'image/png', contentDisposition: 'inline' });
    shown = shown.replaceAll(source, `src="cid:${cid}"`);
  }
  return { shown, images };
}

/** @throws {VigieError} RECEIVER_UNUSABLE: there is none, or one that is no address */
function addressesIn(list: string, field: 'from' | 'to'): readonly string[] {
  const addresses = addressparser(list, { flatten: true }).map(({ address }) => address);
  if (addresses.length > 0 && addresses.every((address) => /^[^\s@]+@[^\s@]+$/.test(address))) return addresses;
  throw new VigieError('RECEIVER_UNUSABLE', `parse '${field}' addresses: expected addresses of mail, got ${list}`);
}

function messageId({ random, hostname }: ReceiverDeps, nowMs: number): string {
  return `<${nowMs}.${Math.floor(random() * Number.MAX_SAFE_INTEGER)}@${hostname}>`;
}

/** Mails of a group refer to one that does not exist, under which clients show them together. */
function threadHeaders(
  { threading }: EmailConfig,
  { groupKey }: Notification,
  nowMs: number,
): Readonly<Record<string, string>> {
  if (threading === undefined) return {};
  const day = threading.byDate === 'none' ? '' : formatLayout(BigInt(Math.round(nowMs)) * 1_000_000n, '2006-01-02');
  const root = `<alert-${dedupKeyOf(groupKey).slice(0, 16)}-${day}@alertmanager>`;
  return { References: root, 'In-Reply-To': root };
}

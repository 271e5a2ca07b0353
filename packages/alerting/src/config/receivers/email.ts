/** `email_configs`. Source: Alertmanager, config/notifiers.go, EmailConfig. */
import { section } from '@vigie/core/config/fields';
import { readTls, tlsSection } from '@vigie/core/config/http-client-section';
import type { ConfigPath } from '@vigie/core/config/problem';
import { flag, optionalFlag, optionalText, textMap, textOr } from '@vigie/core/config/written-fields';
import { quoteGo } from '@vigie/core/go-quote';
import * as v from 'valibot';
import type { SmtpConfig } from '../global-section.ts';
import { readSecret } from '../secret.ts';
import { readSmarthost } from '../smarthost.ts';
import type { ReceiverContext } from './receiver-context.ts';

export const emailSection = section({
  send_resolved: flag(false),
  to: optionalText,
  from: optionalText,
  hello: optionalText,
  smarthost: optionalText,
  auth_username: optionalText,
  auth_password: optionalText,
  auth_password_file: optionalText,
  auth_secret: optionalText,
  auth_secret_file: optionalText,
  auth_identity: optionalText,
  headers: textMap,
  html: textOr('{{ template "email.default.html" . }}'),
  text: optionalText,
  require_tls: optionalFlag,
  tls_config: v.nullish(tlsSection),
  force_implicit_tls: optionalFlag,
  threading: v.nullish(section({ enabled: flag(false), thread_by_date: optionalText })),
});

type WrittenEmail = v.InferOutput<typeof emailSection>;

export type EmailConfig = Readonly<ReturnType<typeof readEmail>>;

export function readEmail(written: WrittenEmail, path: ConfigPath, context: ReceiverContext) {
  const { findings, global } = context;
  if (written.to === '') findings.refuse(path, 'an address under to', 'missing to address in email config');
  const smtp = readSmtp(written, path, context);
  if (smtp.smarthost === undefined && written.smarthost === '')
    findings.refuse(path, 'smarthost, here or as smtp_smarthost of global', 'no global SMTP smarthost set');
  if (smtp.from === '') findings.refuse(path, 'from, here or as smtp_from of global', 'no global SMTP from set');
  const headers = readHeaders(written, path, context);
  return {
    kind: 'email' as const,
    sendResolved: written.send_resolved,
    /** Templates, as those that follow. */
    to: written.to,
    headers,
    html: written.html,
    text: written.text,
    smtp: { ...global.smtp, ...smtp },
    threading: readThreading(written, path, context),
  };
}

function readSmtp(written: WrittenEmail, path: ConfigPath, context: ReceiverContext): SmtpConfig {
  const { smtp } = context.global;
  const { auth_password, auth_password_file, auth_secret, auth_secret_file } = written;
  return {
    from: written.from || smtp.from,
    hello: written.hello || smtp.hello,
    smarthost: readSmarthost(written.smarthost, [...path, 'smarthost'], context) ?? smtp.smarthost,
    username: written.auth_username || smtp.username,
    password: readSecret('auth_password', auth_password, auth_password_file, path, context) ?? smtp.password,
    secret: readSecret('auth_secret', auth_secret, auth_secret_file, path, context) ?? smtp.secret,
    identity: written.auth_identity || smtp.identity,
    requireTls: written.require_tls ?? smtp.requireTls,
    tls: written.tls_config == null ? smtp.tls : readTls(written.tls_config, [...path, 'tls_config'], context),
    forceImplicitTls: written.force_implicit_tls ?? smtp.forceImplicitTls,
  };
}

/** By their names as mail writes them, which do not tell small letters from large ones. */
function readHeaders(
  { headers }: WrittenEmail,
  path: ConfigPath,
  { findings }: ReceiverContext,
): Readonly<Record<string, string>> {
  const read: Record<string, string> = {};
  for (const [name, text] of Object.entries(headers)) {
    const canonical = name.toLowerCase().replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase());
    if (Object.hasOwn(read, canonical)) {
      const message = `duplicate header ${quoteGo(canonical)} in email config`;
      findings.refuseKey([...path, 'headers', name], 'each header once', message);
    }
    read[canonical] = text;
  }
  return read;
}

/** @returns undefined: mails stand alone */
function readThreading(
  { threading, headers }: WrittenEmail,
  path: ConfigPath,
  { findings }: ReceiverContext,
): { readonly byDate: 'none' | 'daily' } | undefined {
  if (threading == null || !threading.enabled) return undefined;
  for (const name of Object.keys(headers)) {
    if (!/^(?:references|in-reply-to)$/i.test(name)) continue;
    const message = `conflicting configuration: threading.enabled conflicts with custom ${name} header`;
    findings.refuseKey([...path, 'headers', name], 'no such header beside threading', message);
  }
  const { thread_by_date } = threading;
  if (thread_by_date === 'none' || thread_by_date === 'daily') return { byDate: thread_by_date };
  const message = "threading.thread_by_date must be either 'none' or 'daily'";
  findings.refuse([...path, 'threading', 'thread_by_date'], 'none or daily', message);
  return undefined;
}

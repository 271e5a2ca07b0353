/** Hands a mail to a server. Source: Alertmanager 0.34, notify/email; Go, net/smtp. */
import { createHmac } from 'node:crypto';
import { VigieError } from '@vigie/core/errors';
import { onAbort } from '@vigie/core/on-abort';
import type { ClientTlsOptions } from '@vigie/core/tls';
import SMTPConnection, { type SMTPConnectionCustomAuthContext } from 'nodemailer/lib/smtp-connection';

export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte on. */
  readonly implicitTls: boolean;
  /** STARTTLS, without which nothing is sent; false: it is not tried. */
  readonly startTls: boolean;
  readonly tls: ClientTlsOptions;
  /** What the client calls itself. */
  readonly hello: string;
}

export interface SmtpLogin {
  /** On whose behalf; '' for the user's own. */
  readonly identity: string;
  readonly username: string;
  /** For PLAIN and LOGIN; '' for none. */
  readonly password: string;
  /** For CRAM-MD5; '' for none. */
  readonly secret: string;
}

export interface Envelope {
  readonly from: string;
  readonly to: readonly string[];
}

/** @param login undefined: without
 *  @returns addresses that the server did not take, while it took others
 *  @throws what went wrong; the signal's reason */
export async function handOver(
  message: Buffer,
  envelope: Envelope,
  server: SmtpServer,
  login: SmtpLogin | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  signal.throwIfAborted();
  const { host, port, implicitTls, startTls, tls, hello } = server;
  const connection: SMTPConnection = new SMTPConnection({
    host,
    port,
    secure: implicitTls,
    name: hello === '' ? undefined : hello,
    requireTLS: startTls && !implicitTls,
    ignoreTLS: !startTls,
    tls,
    customAuth: { [AUTH]: (context) => authenticate(context, login, connection.secure || isLocal(host)) },
  });
  const leave = onAbort(signal, () => connection.close());
  try {
    return await Promise.race([talk(connection, message, envelope, login), failureOf(connection, signal)]);
  } finally {
    leave();
    connection.close();
  }
}

/** Ours, which chooses among those of the server. */
const AUTH = 'VIGIE';

function failureOf(connection: SMTPConnection, signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    // More than one may come, and one that nobody hears would end the process.
    connection.on('error', reject);
    connection.once('end', () =>
      reject(signal.aborted ? signal.reason : new Error('the server closed the connection')),
    );
  });
}

async function talk(
  connection: SMTPConnection,
  message: Buffer,
  envelope: Envelope,
  login: SmtpLogin | undefined,
): Promise<readonly string[]> {
  await called((done) => connection.connect(done));
  if (login !== undefined && connection.allowsAuth) {
    await called((done) => connection.login({ user: login.username, method: AUTH }, done));
  }
  const rejected = await new Promise<readonly string[]>((resolve, reject) => {
    const done = (error: Error | null, info?: { readonly rejected?: readonly string[] }): void =>
      error === null ? resolve(info?.rejected ?? []) : reject(error);
    connection.send({ from: envelope.from, to: [...envelope.to] }, message, done);
  });
  connection.quit();
  return rejected;
}

function called(call: (done: (error: Error | null | undefined) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => (error === undefined || error === null ? resolve() : reject(error)));
  });
}

/** By the first of the server's ways for which there is a secret. */
async function authenticate(
  context: SMTPConnectionCustomAuthContext,
  login: SmtpLogin | undefined,
  isSafe: boolean,
): Promise<void> {
  const { authMethods } = context;
  const { username, password, secret, identity } = login ?? { username: '', password: '', secret: '', identity: '' };
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const expectStatus = async (command: string, status: number): Promise<string> => {
    const answer = await context.sendCommand(command);
    if (answer.status !== status) throw new VigieError('SMTP_AUTH', `the server refuses the login: ${answer.status}`);
    return answer.text;
  };
  if (authMethods.includes('CRAM-MD5') && secret !== '') {
    const challenge = Buffer.from(await expectStatus('AUTH CRAM-MD5', 334), 'base64');
    const digest = createHmac('md5', secret).update(challenge).digest('hex');
    await expectStatus(base64(`${username} ${digest}`), 235);
  } else if (authMethods.includes('PLAIN') && password !== '') {
    if (!isSafe) throw new VigieError('SMTP_AUTH', 'unencrypted connection: a password is sent over TLS only');
    await expectStatus(`AUTH PLAIN ${base64(`${identity}\0${username}\0${password}`)}`, 235);
  } else if (authMethods.includes('LOGIN') && password !== '') {
    await expectStatus('AUTH LOGIN', 334);
    await expectStatus(base64(username), 334);
    await expectStatus(base64(password), 235);
  } else {
    const offered = authMethods.join(', ');
    throw new VigieError('SMTP_AUTH', `no way to log in for which there is a password or secret among ${offered}`);
  }
}

function isLocal(host: string): boolean {
  return host === 'localhost' || host === '127.0.0.1' || host === '::1';
}

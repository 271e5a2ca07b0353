/** Secrets of receivers: read when they are used, and never shown. */
import type { Clock } from '@vigie/core/clock';
import type { HttpClientConfig, Secret } from '@vigie/core/config/http-client-config';
import { errorCode } from '@vigie/core/errors';
import { secretValue } from '@vigie/core/http-client/secret-value';
import { TemplateError } from '@vigie/core/template/template-error';
import type { Rendering } from '../templates/notification-templates.ts';

/** Of an Authorization header that a server quotes; a token of OAuth 2.0 is known to the client alone. */
const CREDENTIALS = /\b(Basic|Bearer|GenieKey) +[^\s"'<>]+/g;

/** The secrets of one attempt, so that what is said of it can be cleared of them. */
export class SecretsInUse {
  readonly #values = new Set<string>();

  /** Of a text that holds none but is none to be shown, such as a URL with a token in it. */
  hide(value: string): string {
    if (value !== '') this.#values.add(value);
    return value;
  }

  hideUrl(text: string): string {
    this.hide(text);
    if (URL.canParse(text)) {
      const { href, pathname, search, password } = new URL(text);
      for (const part of [href, password, unescaped(password), search]) this.hide(part);
      // A path of one short word says nothing, and may be part of any text.
      if (pathname.length > 8) this.hide(pathname);
    }
    return text;
  }

  /** @returns the text with `<secret>` in place of each */
  clear(text: string): string {
    const longestFirst = Array.from(this.#values).sort((a, b) => b.length - a.length);
    const cleared = longestFirst.reduce((rest, value) => rest.replaceAll(value, '<secret>'), text);
    return cleared.replace(CREDENTIALS, '$1 <secret>');
  }
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

export type SecretReader = (secrets: SecretsInUse) => string;

/** @returns reads it as of now; files are looked at every 10 s.
 *  It throws {VigieError} FILE_UNREADABLE or SECRET_EMPTY */
export function secretReader(secret: Secret, clock: Clock): SecretReader {
  const read = secretValue(secret, clock);
  return (secrets) => secrets.hide(read());
}

/** @returns hides what every request of the client has.
 *  It throws as those of secretReader do */
export function clientSecrets(
  { authorization, headers }: HttpClientConfig,
  clock: Clock,
): (secrets: SecretsInUse) => void {
  const all = [...secretsOf(authorization), ...Object.values(headers).flatMap((header) => header.secrets)];
  const readers = all.map((secret) => secretReader(secret, clock));
  return (secrets) => {
    for (const read of readers) read(secrets);
  };
}

function secretsOf(authorization: HttpClientConfig['authorization']): readonly Secret[] {
  switch (authorization?.kind) {
    case 'basic':
      return authorization.password === undefined ? [] : [authorization.password];
    case 'credentials':
      return [authorization.credentials];
    case 'oauth2':
      return [authorization.clientSecret];
    default:
      return [];
  }
}

/** A secret that is a template.
 *  @throws {TemplateError} which does not quote it */
export function expandSecret(source: string, rendering: Rendering, secrets: SecretsInUse): string {
  try {
    return secrets.hide(rendering.text(source));
  } catch (error) {
    if (errorCode(error)?.startsWith('TEMPLATE_') !== true) throw error;
    throw new TemplateError('TEMPLATE_FAILED', 'the template of a secret cannot be expanded');
  }
}

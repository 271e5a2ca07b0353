/** OAuth2 with client credentials: one token, fetched when it is needed and kept until it expires. Source: RFC 6749, section 4.4;
 *  golang.org/x/oauth2, clientcredentials. */
import * as v from 'valibot';
import type { Clock } from '../clock.ts';
import type { Authorization } from '../config/http-client-config.ts';
import { VigieError } from '../errors.ts';
import { basicCredentials } from './basic-credentials.ts';
import { secretValue } from './secret-value.ts';

/** Posts a form. @returns status and body of the answer */
export type TokenRequest = (
  url: URL,
  form: URLSearchParams,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<{ readonly status: number; readonly body: Buffer }>;

type OAuth2 = Extract<Authorization, { readonly kind: 'oauth2' }>;

interface KeptToken {
  readonly header: string;
  /** Of the monotonic clock; Infinity where the server does not tell. */
  readonly untilMs: number;
  readonly secret: string;
}

/** A token that is about to expire may have, by the time it arrives. Go's own. */
const EXPIRY_MARGIN_MS = 10_000;

const tokenSchema = v.object({
  access_token: v.pipe(v.string(), v.minLength(1)),
  token_type: v.optional(v.string(), 'Bearer'),
  // Some servers send it as text.
  expires_in: v.optional(v.union([v.number(), v.pipe(v.string(), v.regex(/^\d+$/), v.transform(Number))])),
});

export class OAuth2Token {
  readonly #config: OAuth2;
  readonly #send: TokenRequest;
  readonly #clock: Clock;
  readonly #secret: () => string;
  #kept: KeptToken | undefined;
  #fetching: Promise<KeptToken> | undefined;
  /** How the server wants to know the client; found out with the first token. */
  #style: 'header' | 'form' | undefined;

  constructor(config: OAuth2, send: TokenRequest, clock: Clock) {
    this.#config = config;
    this.#send = send;
    this.#clock = clock;
    this.#secret = secretValue(config.clientSecret, clock);
  }

  /** @throws {VigieError} OAUTH2_TOKEN: the server gives none */
  async header(signal: AbortSignal): Promise<string> {
    const kept = this.#kept;
    if (kept !== undefined && kept.secret === this.#secret() && this.#clock.monotonicMs() < kept.untilMs) {
      return kept.header;
    }
    this.#fetching ??= this.#fetch(signal).finally(() => {
      this.#fetching = undefined;
    });
    this.#kept = await this.#fetching;
    return this.#kept.header;
  }

  async #fetch(signal: AbortSignal): Promise<KeptToken> {
    const secret = this.#secret();
    const styles = this.#style === undefined ? (['header', 'form'] as const) : [this.#style];
    let refusal: VigieError | undefined;
    for (const style of styles) {
      const { status, body } = await this.#ask(style, secret, signal);
      const token = status >= 200 && status < 300 ? parseToken(body) : undefined;
      if (token !== undefined) {
        this.#style = style;
        const { access_token: accessToken, token_type: type, expires_in: seconds } = token;
        const untilMs =
          seconds === undefined || seconds === 0
            ? Number.POSITIVE_INFINITY
            : this.#clock.monotonicMs() + seconds * 1000 - EXPIRY_MARGIN_MS;
        return { header: `${type.toLowerCase() === 'bearer' ? 'Bearer' : type} ${accessToken}`, untilMs, secret };
      }
      refusal = new VigieError(
        'OAUTH2_TOKEN',
        `oauth2: cannot fetch token: status ${status} of ${this.#config.tokenUrl}`,
      );
    }
    throw refusal ?? new VigieError('OAUTH2_TOKEN', 'oauth2: cannot fetch token');
  }

  #ask(style: 'header' | 'form', secret: string, signal: AbortSignal) {
    const { clientId, tokenUrl, scopes, endpointParams } = this.#config;
    const form = new URLSearchParams({ grant_type: 'client_credentials', ...endpointParams });
    if (scopes.length > 0) form.set('scope', scopes.join(' '));
    if (style === 'form') {
      form.set('client_id', clientId);
      form.set('client_secret', secret);
    }
    const headers =
      style === 'header'
        ? { authorization: basicCredentials(encodeURIComponent(clientId), encodeURIComponent(secret)) }
        : {};
    return this.#send(new URL(tokenUrl), form, headers, signal);
  }
}

function parseToken(body: Buffer): v.InferOutput<typeof tokenSchema> | undefined {
  try {
    const result = v.safeParse(tokenSchema, JSON.parse(body.toString()));
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}

/** What the configuration says about reaching a server over HTTP: shared by the sinks that do. */
import { duration, filePath, integer, parsed, section, text } from '@vigie/core/config/fields';
import { clientTlsSection } from '@vigie/core/config/listen';
import type { ClientTlsFiles } from '@vigie/core/tls';
import * as v from 'valibot';
import type { Credentials, SecretSource } from './authorization.ts';
import type { ExchangeLimits } from './exchange.ts';

export interface HttpSettings {
  readonly endpoints: readonly URL[];
  readonly tls: ClientTlsFiles;
  readonly credentials: Credentials;
  /** Of request bodies; undefined sends them as they are. */
  readonly compression: Compression | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly limits: ExchangeLimits;
}

/** `gzip` searches for what repeats. `deflate` knows it: the lane encodes bodies with the container's constants as back
 *  references (docs/decisions/0010), so that it costs less than sending them plain. */
export type Compression = { readonly algorithm: 'gzip'; readonly level: number } | { readonly algorithm: 'deflate' };

/** Level 1 halves the CPU of level 6 and leaves logs a few percent larger. */
const GZIP_LEVEL = 1;

const authSchema = v.pipe(
  section({
    basic: v.optional(
      v.pipe(
        section({ user: text(), password: v.optional(text()), password_file: v.optional(filePath()) }),
        v.check(
          ({ password, password_file }) => (password === undefined) !== (password_file === undefined),
          'one of password and password_file',
        ),
      ),
    ),
    api_key: v.optional(text()),
    api_key_file: v.optional(filePath()),
    bearer: v.optional(text()),
    bearer_file: v.optional(filePath()),
  }),
  v.check(
    (auth) => Object.values(auth).filter((value) => value !== undefined).length === 1,
    'exactly one of basic, api_key, api_key_file, bearer, bearer_file',
  ),
  v.transform(({ basic, api_key, api_key_file, bearer, bearer_file }): Credentials => {
    if (basic !== undefined) {
      return { type: 'basic', user: basic.user, password: secret(basic.password, basic.password_file) };
    }
    if (api_key !== undefined || api_key_file !== undefined) {
      return { type: 'api_key', key: secret(api_key, api_key_file) };
    }
    return { type: 'bearer', token: secret(bearer, bearer_file) };
  }),
);

const compressionSchema = v.pipe(
  v.union([
    v.picklist(['none', 'gzip', 'deflate']),
    section({ algorithm: v.literal('gzip'), level: v.optional(integer({ min: 1, max: 9 }), GZIP_LEVEL) }),
  ]),
  v.transform((written): Compression | undefined => {
    if (typeof written === 'object') return written;
    if (written === 'none') return undefined;
    return written === 'gzip' ? { algorithm: 'gzip', level: GZIP_LEVEL } : { algorithm: 'deflate' };
  }),
);

/** A header's name is a token; its value must not end the line (RFC 9110, 5.1 and 5.5). */
const headersSchema = v.record(
  v.pipe(v.string(), v.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'the name of a header')),
  v.pipe(v.string(), v.regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'a header value without line breaks')),
);

/** The keys of every sink that speaks HTTP. */
export const httpEntries = {
  auth: v.optional(authSchema),
  tls: v.optional(clientTlsSection()),
  compression: v.optional(compressionSchema, 'none'),
  headers: v.optional(headersSchema, {}),
  timeouts: v.optional(
    section({
      connect: v.optional(duration({ min: 1 }), '10s'),
      request: v.optional(duration({ min: 1 }), '60s'),
    }),
    {},
  ),
};

const httpSection = section(httpEntries);
export type HttpSection = v.InferOutput<typeof httpSection>;

export function httpSettings(endpoints: readonly URL[], written: HttpSection): HttpSettings {
  return {
    endpoints,
    tls: written.tls ?? {},
    credentials: written.auth ?? { type: 'none' },
    compression: written.compression,
    headers: written.headers,
    limits: { connectTimeoutMs: written.timeouts.connect, requestTimeoutMs: written.timeouts.request },
  };
}

/** `http://HOST:PORT` or https, with a path where the server stands below one. A password in it would end in logs. */
export function endpointUrl({ query }: { readonly query: boolean } = { query: false }) {
  const without = query ? 'without user and password' : 'without user, password and query';
  return parsed(`a URL such as http://127.0.0.1:9200, ${without}`, (written) => {
    const url = URL.canParse(written) ? new URL(written) : undefined;
    if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
    if (url.username !== '' || url.password !== '' || url.hash !== '') return undefined;
    return url.search === '' || query ? url : undefined;
  });
}

function secret(literal: string | undefined, file: string | undefined): SecretSource {
  return file === undefined ? { text: literal ?? '' } : { file };
}

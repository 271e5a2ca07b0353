/** How requests are made: the keys of `http_config`, which stand among those of a scrape job or a discovery too. Both Prometheus and Alertmanager
 *  read them with one library. Source: Prometheus, common/config/http_config.go. */
import { resolve } from 'node:path';
import * as v from 'valibot';
import { quoteGo } from '../go-quote.ts';
import { named, refused, section } from './fields.ts';
import type { ReadContext } from './findings.ts';
import type { Authorization, HttpClientConfig, ProxyConfig, Secret, TlsConfig } from './http-client-config.ts';
import type { ConfigPath } from './problem.ts';
import { isReservedHeader } from './reserved-headers.ts';
import { flag, optionalText, textList, textMap } from './written-fields.ts';

const tlsVersion = v.nullish(v.picklist(['TLS10', 'TLS11', 'TLS12', 'TLS13']));

export const tlsSection = section({
  ca: optionalText,
  ca_file: optionalText,
  cert: optionalText,
  cert_file: optionalText,
  key: optionalText,
  key_file: optionalText,
  server_name: optionalText,
  insecure_skip_verify: flag(false),
  min_version: tlsVersion,
  max_version: tlsVersion,
});

const proxyEntries = {
  proxy_url: optionalText,
  no_proxy: optionalText,
  proxy_from_environment: flag(false),
  proxy_connect_header: refused('a proxy that asks for no headers of its own, which Vigie does not send'),
};

const grant = refused('nothing but a client id and its secret: Vigie asks for tokens by no other grant');

/** @param enableHttp2 which remote write has off by default */
export function httpClientEntries(enableHttp2 = true) {
  return {
    basic_auth: v.nullish(
      section({
        username: optionalText,
        username_file: optionalText,
        password: optionalText,
        password_file: optionalText,
      }),
    ),
    authorization: v.nullish(
      section({ type: optionalText, credentials: optionalText, credentials_file: optionalText }),
    ),
    oauth2: v.nullish(
      section({
        client_id: optionalText,
        client_secret: optionalText,
        client_secret_file: optionalText,
        token_url: optionalText,
        scopes: textList,
        endpoint_params: textMap,
        grant_type: v.nullish(v.picklist(['', 'client_credentials'], 'client_credentials: Vigie knows no other grant')),
        client_certificate_key_id: grant,
        client_certificate_key: grant,
        client_certificate_key_file: grant,
        signature_algorithm: grant,
        iss: grant,
        audience: grant,
        claims: grant,
        tls_config: v.nullish(tlsSection),
        ...proxyEntries,
      }),
    ),
    bearer_token: optionalText,
    bearer_token_file: optionalText,
    tls_config: v.nullish(tlsSection),
    follow_redirects: flag(true),
    enable_http2: flag(enableHttp2),
    ...proxyEntries,
    http_headers: v.nullish(named(section({ values: textList, secrets: textList, files: textList })), {}),
  };
}

export const httpClientSection = section(httpClientEntries());

export type WrittenHttpClient = v.InferOutput<typeof httpClientSection>;
type WrittenTls = v.InferOutput<typeof tlsSection>;
type WrittenProxy = Pick<WrittenHttpClient, 'proxy_url' | 'no_proxy' | 'proxy_from_environment'>;

export function readHttpClient(written: WrittenHttpClient, path: ConfigPath, context: ReadContext): HttpClientConfig {
  const { findings, folder } = context;
  const authorization = readAuthorization(written, path, context);
  const headers = Object.entries(written.http_headers).map(([name, { values, secrets, files }]) => {
    if (isReservedHeader(name))
      findings.refuseKey(
        [...path, 'http_headers', name],
        'a header that may be set',
        `setting header ${quoteGo(name)} is not allowed`,
      );
    const read: Secret[] = [
      ...secrets.map((value) => ({ value })),
      ...files.map((file) => ({ file: resolve(folder, file) })),
    ];
    return [name, { values, secrets: read }] as const;
  });
  return {
    authorization,
    tls: readTls(written.tls_config, [...path, 'tls_config'], context),
    followRedirects: written.follow_redirects,
    enableHttp2: written.enable_http2,
    proxy: readProxy(written, path, context),
    headers: Object.fromEntries(headers),
  };
}

/** @param written undefined: the defaults */
export function readTls(written: WrittenTls | null | undefined, path: ConfigPath, context: ReadContext): TlsConfig {
  const tls = written ?? EMPTY_TLS;
  const { findings, folder } = context;
  for (const name of ['ca', 'cert', 'key'] as const) {
    if (tls[name] !== '' && tls[`${name}_file`] !== '')
      findings.problemAtKey([...path, `${name}_file`], `at most one of ${name} & ${name}_file`);
  }
  const hasCert = tls.cert !== '' || tls.cert_file !== '';
  const hasKey = tls.key !== '' || tls.key_file !== '';
  if (hasCert && !hasKey) findings.problem(path, 'key or key_file beside the client certificate');
  if (hasKey && !hasCert) findings.problem(path, 'cert or cert_file beside the client key');
  const file = (written: string): string | undefined => (written === '' ? undefined : resolve(folder, written));
  return {
    caFile: file(tls.ca_file),
    ca: tls.ca || undefined,
    certFile: file(tls.cert_file),
    cert: tls.cert || undefined,
    keyFile: file(tls.key_file),
    key: tls.key === '' ? undefined : { value: tls.key },
    serverName: tls.server_name || undefined,
    insecureSkipVerify: tls.insecure_skip_verify,
    minVersion: tls.min_version ?? undefined,
    maxVersion: tls.max_version ?? undefined,
  };
}

const EMPTY_TLS: WrittenTls = v.parse(tlsSection, {});

function readAuthorization(
  written: WrittenHttpClient,
  path: ConfigPath,
  context: ReadContext,
): Authorization | undefined {
  const { findings } = context;
  const { basic_auth, authorization, oauth2, bearer_token, bearer_token_file } = written;
  const kinds = [
    ['basic_auth', basic_auth != null],
    ['authorization', authorization != null],
    ['oauth2', oauth2 != null],
    ['bearer_token', bearer_token !== ''],
    ['bearer_token_file', bearer_token_file !== ''],
  ] as const;
  const given = kinds.filter(([, isGiven]) => isGiven).map(([kind]) => kind);
  for (const kind of given.slice(1)) {
    findings.problemAtKey(
      [...path, kind],
      'at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file',
    );
  }
  if (basic_auth != null) {
    const { username, username_file, password, password_file } = basic_auth;
    const at = [...path, 'basic_auth'];
    return {
      kind: 'basic',
      username: secretOf('username', username, username_file, at, context) ?? { value: '' },
      password: secretOf('password', password, password_file, at, context),
    };
  }
  if (authorization != null) {
    const { type, credentials, credentials_file } = authorization;
    const at = [...path, 'authorization'];
    if (type.trim().toLowerCase() === 'basic') findings.problem([...at, 'type'], 'basic_auth in place of a type basic');
    return {
      kind: 'credentials',
      type: type.trim() || 'Bearer',
      credentials: secretOf('credentials', credentials, credentials_file, at, context) ?? { value: '' },
    };
  }
  if (oauth2 != null) return readOauth2(oauth2, [...path, 'oauth2'], context);
  const token = secretOf('bearer_token', bearer_token, bearer_token_file, undefined, context);
  return token === undefined ? undefined : { kind: 'credentials', type: 'Bearer', credentials: token };
}

function readOauth2(
  written: NonNullable<WrittenHttpClient['oauth2']>,
  path: ConfigPath,
  context: ReadContext,
): Authorization {
  const { client_id, client_secret, client_secret_file, token_url, scopes, endpoint_params, tls_config } = written;
  if (client_id === '') context.findings.problem([...path, 'client_id'], 'a client id');
  if (!URL.canParse(token_url)) context.findings.problemOfHidden([...path, 'token_url'], 'the URL that gives tokens');
  return {
    kind: 'oauth2',
    clientId: client_id,
    clientSecret: secretOf('client_secret', client_secret, client_secret_file, path, context) ?? { value: '' },
    tokenUrl: token_url,
    scopes,
    endpointParams: endpoint_params,
    tls: readTls(tls_config, [...path, 'tls_config'], context),
    proxy: readProxy(written, path, context),
  };
}

/** @param path of the section, where having both is a problem of its own */
function secretOf(
  name: string,
  value: string,
  file: string,
  path: ConfigPath | undefined,
  { findings, folder }: ReadContext,
): Secret | undefined {
  if (value !== '' && file !== '' && path !== undefined)
    findings.problemAtKey([...path, `${name}_file`], `at most one of ${name} & ${name}_file`);
  if (value !== '') return { value };
  return file === '' ? undefined : { file: resolve(folder, file) };
}

function readProxy(written: WrittenProxy, path: ConfigPath, { findings }: ReadContext): ProxyConfig {
  const { proxy_url: url, no_proxy: noProxy, proxy_from_environment: fromEnvironment } = written;
  const problem = (key: keyof WrittenProxy, expected: string): void => findings.problemAtKey([...path, key], expected);
  if (/^socks/i.test(url)) problem('proxy_url', 'a proxy of http or https: Vigie does not speak SOCKS');
  else if (url !== '' && !isHttpUrl(url)) findings.problemOfHidden([...path, 'proxy_url'], 'the URL of a proxy');
  if (fromEnvironment && url !== '') problem('proxy_url', 'no proxy_url beside proxy_from_environment');
  if (fromEnvironment && noProxy !== '') problem('no_proxy', 'no no_proxy beside proxy_from_environment');
  if (!fromEnvironment && noProxy !== '' && url === '') problem('no_proxy', 'proxy_url beside no_proxy');
  return { url: url || undefined, noProxy, fromEnvironment };
}

/** With a host where it is written: URL takes the path of `http:///x` for one. */
function isHttpUrl(text: string): boolean {
  return /^https?:\/\/[^/?#]/i.test(text) && URL.canParse(text);
}

/** How an object of the Prometheus operator says that a server is to be asked: proxy, TLS, and who asks. Source: prometheus-operator, pkg/prometheus/promcfg.go. */
import * as v from 'valibot';
import type { AssetLookup, AssetReference } from './assets.ts';
import { type Fields, isGiven, type KeyNames, renamed } from './fields.ts';

const key = v.object({ name: v.nullish(v.string(), ''), key: v.nullish(v.string(), '') });
const secretOrConfigMap = v.nullish(v.object({ secret: v.nullish(key), configMap: v.nullish(key) }));

export const tlsSchema = v.nullish(
  v.looseObject({ ca: secretOrConfigMap, cert: secretOrConfigMap, keySecret: v.nullish(key) }),
);

/** The keys of all kinds of objects that are asked over HTTP. */
export const clientEntries = {
  tlsConfig: tlsSchema,
  basicAuth: v.nullish(v.object({ username: v.nullish(key), password: v.nullish(key) })),
  authorization: v.nullish(v.object({ type: v.nullish(v.string(), ''), credentials: v.nullish(key) })),
  oauth2: v.nullish(v.looseObject({ clientId: secretOrConfigMap, clientSecret: v.nullish(key), tlsConfig: tlsSchema })),
  bearerTokenSecret: v.nullish(key),
};

export const clientSchema = v.looseObject(clientEntries);
type ClientFields = v.InferOutput<typeof clientSchema>;
type Tls = v.InferOutput<typeof tlsSchema>;
type Key = v.InferOutput<typeof key>;

const PROXY_KEYS: KeyNames = {
  proxy_url: 'proxyUrl',
  no_proxy: 'noProxy',
  proxy_from_environment: 'proxyFromEnvironment',
  proxy_connect_header: 'proxyConnectHeader',
};
const PLAIN_KEYS: KeyNames = {
  ...PROXY_KEYS,
  follow_redirects: 'followRedirects',
  bearer_token_file: 'bearerTokenFile',
};
const TLS_KEYS: KeyNames = {
  insecure_skip_verify: 'insecureSkipVerify',
  server_name: 'serverName',
  min_version: 'minVersion',
  max_version: 'maxVersion',
  ca_file: 'caFile',
  cert_file: 'certFile',
  key_file: 'keyFile',
};
const OAUTH2_KEYS: KeyNames = {
  token_url: 'tokenUrl',
  scopes: 'scopes',
  endpoint_params: 'endpointParams',
  ...PROXY_KEYS,
};

export const CLIENT_FIELDS: readonly string[] = [
  ...Object.keys(clientEntries),
  ...Object.values(PLAIN_KEYS),
  'enableHttp2',
  'enableHTTP2',
];

/** Keys whose names in camel case are others. */
export const CLIENT_KEYS: KeyNames = { bearer_token: 'bearerTokenSecret' };

export interface ClientContext {
  readonly assets: AssetLookup;
  /** Whether files of this process may be named: with its own token, an object could have itself introduced anywhere. */
  readonly fileAccess: boolean;
}

/** @param path of the fields, for problems
 *  @returns the keys of an HTTP client in the files of Prometheus and Alertmanager */
export function writtenClient(fields: ClientFields, path: string, context: ClientContext): Fields {
  const { tlsConfig, basicAuth, authorization, oauth2, bearerTokenSecret } = fields;
  const { assets } = context;
  refuseFiles(fields, ['bearerTokenFile'], path, context);
  const http2 = fields.enableHttp2 ?? fields.enableHTTP2;
  const secret = (of: Key | null | undefined, at: string): string =>
    of == null ? '' : assets.value({ source: 'Secret', ...of }, `${path}.${at}`);
  return {
    ...renamed(fields, PLAIN_KEYS),
    ...(isGiven(http2) && { enable_http2: http2 }),
    ...(tlsConfig != null && { tls_config: writtenTls(tlsConfig, `${path}.tlsConfig`, context) }),
    ...((bearerTokenSecret?.name ?? '') !== '' && { bearer_token: secret(bearerTokenSecret, 'bearerTokenSecret') }),
    ...(basicAuth != null && {
      basic_auth: {
        username: secret(basicAuth.username, 'basicAuth.username'),
        password: secret(basicAuth.password, 'basicAuth.password'),
      },
    }),
    ...(authorization != null && {
      authorization: {
        type: authorization.type.trim() || 'Bearer',
        ...(authorization.credentials != null && {
          credentials: secret(authorization.credentials, 'authorization.credentials'),
        }),
      },
    }),
    ...(oauth2 != null && {
      oauth2: {
        client_id: either(oauth2.clientId, `${path}.oauth2.clientId`, assets) ?? '',
        client_secret: secret(oauth2.clientSecret, 'oauth2.clientSecret'),
        ...renamed(oauth2, OAUTH2_KEYS),
        ...(oauth2.tlsConfig != null && {
          tls_config: writtenTls(oauth2.tlsConfig, `${path}.oauth2.tlsConfig`, context),
        }),
      },
    }),
  };
}

export function writtenTls(fields: NonNullable<Tls>, path: string, context: ClientContext): Fields {
  refuseFiles(fields, ['caFile', 'certFile', 'keyFile'], path, context);
  const { assets } = context;
  const ca = either(fields.ca, `${path}.ca`, assets);
  const cert = either(fields.cert, `${path}.cert`, assets);
  const keySecret = fields.keySecret ?? undefined;
  return {
    ...renamed(fields, TLS_KEYS),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(keySecret !== undefined && { key: assets.value({ source: 'Secret', ...keySecret }, `${path}.keySecret`) }),
  };
}

function either(
  written: v.InferOutput<typeof secretOrConfigMap>,
  path: string,
  assets: AssetLookup,
): string | undefined {
  const reference: AssetReference | undefined =
    written?.secret != null
      ? { source: 'Secret', ...written.secret }
      : written?.configMap != null
        ? { source: 'ConfigMap', ...written.configMap }
        : undefined;
  return reference && assets.value(reference, path);
}

function refuseFiles(
  fields: Fields,
  keys: readonly string[],
  path: string,
  { assets, fileAccess }: ClientContext,
): void {
  if (fileAccess) return;
  for (const name of keys.filter((one) => isGiven(fields[one]))) {
    assets.problems.push(
      `${path}.${name}: files of this process may not be named: refer to a Secret, or set operator_objects.file_access: true`,
    );
  }
}

/** How requests to targets, discovery servers and remote-write receivers are made. Source: Prometheus, common/config, HTTPClientConfig. */

/** Read when it is used. Files are absolute. */
export type Secret = { readonly value: string } | { readonly file: string };

export interface HttpClientConfig {
  /** At most one kind. */
  readonly authorization: Authorization | undefined;
  readonly tls: TlsConfig;
  readonly followRedirects: boolean;
  /** Accepted; we speak HTTP/1.1. */
  readonly enableHttp2: boolean;
  readonly proxy: ProxyConfig;
  /** By name. Values stand in the configuration, secrets of files are read when they are used. */
  readonly headers: Readonly<
    Record<string, { readonly values: readonly string[]; readonly secrets: readonly Secret[] }>
  >;
}

export interface ProxyConfig {
  readonly url: string | undefined;
  /** As NO_PROXY. */
  readonly noProxy: string;
  /** HTTPS_PROXY, HTTP_PROXY and NO_PROXY are used. */
  readonly fromEnvironment: boolean;
}

export type Authorization =
  | { readonly kind: 'basic'; readonly username: Secret; readonly password: Secret | undefined }
  | { readonly kind: 'credentials'; readonly type: string; readonly credentials: Secret }
  | {
      readonly kind: 'oauth2';
      readonly clientId: string;
      readonly clientSecret: Secret;
      readonly tokenUrl: string;
      readonly scopes: readonly string[];
      readonly endpointParams: Readonly<Record<string, string>>;
      readonly tls: TlsConfig;
      /** Of requests for tokens; those of the client go by its own. */
      readonly proxy: ProxyConfig;
    };

/** Files are absolute, and read again when they change. */
export interface TlsConfig {
  readonly caFile: string | undefined;
  readonly ca: string | undefined;
  readonly certFile: string | undefined;
  readonly cert: string | undefined;
  readonly keyFile: string | undefined;
  readonly key: Secret | undefined;
  readonly serverName: string | undefined;
  readonly insecureSkipVerify: boolean;
  /** `TLS10` to `TLS13`. */
  readonly minVersion: string | undefined;
  readonly maxVersion: string | undefined;
}

export const DEFAULT_TLS: TlsConfig = {
  caFile: undefined,
  ca: undefined,
  certFile: undefined,
  cert: undefined,
  keyFile: undefined,
  key: undefined,
  serverName: undefined,
  insecureSkipVerify: false,
  minVersion: undefined,
  maxVersion: undefined,
};

export const DEFAULT_HTTP_CLIENT: HttpClientConfig = {
  authorization: undefined,
  tls: DEFAULT_TLS,
  followRedirects: true,
  enableHttp2: true,
  proxy: { url: undefined, noProxy: '', fromEnvironment: false },
  headers: {},
};

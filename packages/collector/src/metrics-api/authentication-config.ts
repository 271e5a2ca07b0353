/** Whom the cluster's API server trusts, as it tells extension servers: the ConfigMap kube-system/extension-apiserver-authentication,
 *  watched, because its authorities rotate. Source: apiserver, pkg/server/options/authentication.go. */
import { createHash, X509Certificate } from 'node:crypto';
import type { Clock } from '@vigie/core/clock';
import { VigieError } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import type { KubeClient } from '@vigie/kube/client';
import type { Collection } from '@vigie/kube/collection';
import { Reflector } from '@vigie/kube/reflector';
import * as v from 'valibot';

export interface AuthenticationConfig {
  /** Changes with any of it. */
  readonly version: string;
  /** Who vouches for clients of their own; empty: nobody. */
  readonly clientAuthorities: readonly X509Certificate[];
  /** undefined: there is no proxy in front. */
  readonly frontProxy: FrontProxy | undefined;
}

export interface FrontProxy {
  readonly authorities: readonly X509Certificate[];
  /** Common names; empty: any. */
  readonly allowedNames: readonly string[];
  /** Lower case, as the next three; the first that is there counts. */
  readonly userHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraPrefixes: readonly string[];
}

const NAMESPACE = 'kube-system';
const NAME = 'extension-apiserver-authentication';

const configMapSchema = v.object({ data: v.optional(v.record(v.string(), v.string()), {}) });
const namesSchema = v.array(v.string());

const COLLECTION: Collection<AuthenticationConfig> = {
  path: `/api/v1/namespaces/${NAMESPACE}/configmaps`,
  selectors: { fieldSelector: `metadata.name=${NAME}` },
  form: { decode: decodeAuthenticationConfig },
  key: () => NAME,
};

/** Follows the ConfigMap; while the API server is away, what was last known holds. */
export class AuthenticationConfigWatch {
  readonly #reflector: Reflector<AuthenticationConfig>;
  #current: AuthenticationConfig | undefined;

  constructor(client: KubeClient, deps: { readonly clock: Clock; readonly random: Random; readonly log: Log }) {
    this.#reflector = new Reflector(
      client,
      COLLECTION,
      {
        replaced: (all) => {
          this.#current = all.get(NAME);
        },
        applied: (_key, config) => {
          this.#current = config;
        },
        removed: () => {
          this.#current = undefined;
        },
      },
      deps,
    );
  }

  /** undefined until it is known, and when it is gone. */
  get current(): AuthenticationConfig | undefined {
    return this.#current;
  }

  start(signal: AbortSignal): void {
    this.#reflector.start(signal);
  }

  close(): Promise<void> {
    return this.#reflector.close();
  }
}

/** @throws {VigieError} KUBE_OBJECT_INVALID: a reflector leaves such an object out, and nobody is trusted by it */
export function decodeAuthenticationConfig(object: unknown): AuthenticationConfig {
  const parsed = v.safeParse(configMapSchema, object);
  if (!parsed.success) throw invalid('no data');
  const { data } = parsed.output;
  const version = createHash('sha256').update(JSON.stringify(data)).digest('hex');
  const proxyBundle = data['requestheader-client-ca-file'];
  return {
    version,
    clientAuthorities: certificatesOf(data['client-ca-file'] ?? ''),
    frontProxy:
      proxyBundle === undefined
        ? undefined
        : {
            authorities: certificatesOf(proxyBundle),
            allowedNames: namesOf(data, 'requestheader-allowed-names'),
            userHeaders: headersOf(data, 'requestheader-username-headers'),
            uidHeaders: headersOf(data, 'requestheader-uid-headers'),
            groupHeaders: headersOf(data, 'requestheader-group-headers'),
            extraPrefixes: headersOf(data, 'requestheader-extra-headers-prefix'),
          },
  };
}

function headersOf(data: Readonly<Record<string, string>>, key: string): readonly string[] {
  return namesOf(data, key).map((name) => name.toLowerCase());
}

function namesOf(data: Readonly<Record<string, string>>, key: string): readonly string[] {
  const written = data[key];
  if (written === undefined || written === '') return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(written);
  } catch (error) {
    throw invalid(key, error);
  }
  const names = v.safeParse(namesSchema, parsed);
  if (!names.success) throw invalid(key);
  return names.output;
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function certificatesOf(bundle: string): readonly X509Certificate[] {
  try {
    return (bundle.match(PEM) ?? []).map((pem) => new X509Certificate(pem));
  } catch (error) {
    throw invalid('an authority', error);
  }
}

function invalid(what: string, cause?: unknown): VigieError {
  return new VigieError('KUBE_OBJECT_INVALID', `${NAMESPACE}/${NAME}: ${what} cannot be read`, { cause });
}

/** Who asks: the user that a front proxy names, the subject of a client certificate, or the owner of a bearer token; else nobody in
 *  particular. Source: apiserver, pkg/authentication. */
import { createHash, type X509Certificate } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '@vigie/core/clock';
import { describeObstacle } from '@vigie/kube/answer';
import type { KubeClient } from '@vigie/kube/client';
import { reviewToken, type TokenVerdict, type UserInfo } from '@vigie/kube/token-review';
import type { AuthenticationConfig, FrontProxy } from './authentication-config.ts';
import { type ChainVerdict, verifyChain } from './certificate-chain.ts';
import { DecisionCache } from './decision-cache.ts';

export type AuthenticationMethod = 'front_proxy' | 'certificate' | 'token' | 'anonymous';

export type Authentication =
  | { readonly status: 'known'; readonly method: AuthenticationMethod; readonly user: UserInfo }
  /** Somebody claimed to be who they are not, or may not be any more. `reason` is for the log, not for them. */
  | { readonly status: 'refused'; readonly reason: string }
  /** It cannot be told now. */
  | { readonly status: 'unavailable'; readonly reason: string };

export interface AuthenticateDeps {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** undefined while it is not known: then neither proxies nor certificates can be believed. */
  readonly config: () => AuthenticationConfig | undefined;
}

const ANONYMOUS: Authentication = {
  status: 'known',
  method: 'anonymous',
  user: { name: 'system:anonymous', uid: '', groups: ['system:unauthenticated'], extra: {} },
};
const AUTHENTICATED = 'system:authenticated';

/** kube-apiserver's own default for extension servers: how long a revoked token is still good. */
const TOKEN_TTL_MS = 10_000;
/** About 1 KB each. */
const MAX_TOKENS = 4096;

/** What a connection's certificate was found to be, until authorities change or it ends. */
interface CertificateVerdicts {
  readonly version: string;
  readonly checkAgainAtMs: number;
  readonly proxy: ChainVerdict | undefined;
  readonly client: ChainVerdict;
  readonly commonName: string;
  readonly organizations: readonly string[];
}

export class Authenticator {
  readonly #deps: AuthenticateDeps;
  readonly #tokens: DecisionCache<TokenVerdict>;
  readonly #verdicts = new WeakMap<Socket, CertificateVerdicts>();

  constructor(deps: AuthenticateDeps) {
    this.#deps = deps;
    const keepsMs = ({ status }: TokenVerdict): number =>
      status === 'authenticated' || status === 'unknown' ? TOKEN_TTL_MS : 0;
    this.#tokens = new DecisionCache(deps.clock, keepsMs, MAX_TOKENS);
  }

  /** @throws the signal's reason */
  async authenticate(request: IncomingMessage, signal: AbortSignal): Promise<Authentication> {
    const config = this.#deps.config();
    if (config === undefined) {
      return { status: 'unavailable', reason: 'the authorities of the cluster are not known yet' };
    }
    const certificate = peerCertificate(request.socket);
    const verdicts = certificate && this.#verdictsOf(request.socket, certificate, config);
    const byCertificate = verdicts && identify(verdicts, request.headers, request.rawHeaders, config.frontProxy);
    if (byCertificate?.status === 'known') return byCertificate;
    const token = bearerToken(request.headers);
    if (token !== undefined) return this.#byToken(token, signal);
    return byCertificate ?? ANONYMOUS;
  }

  #verdictsOf(socket: Socket, certificate: X509Certificate, config: AuthenticationConfig): CertificateVerdicts {
    const nowMs = this.#deps.clock.nowMs();
    const known = this.#verdicts.get(socket);
    if (known !== undefined && known.version === config.version && nowMs < known.checkAgainAtMs) return known;
    const { frontProxy } = config;
    const proxy = frontProxy && verifyChain(certificate, frontProxy.authorities, nowMs);
    const client = verifyChain(certificate, config.clientAuthorities, nowMs);
    const verdicts: CertificateVerdicts = {
      version: config.version,
      checkAgainAtMs: Math.min(endOf(proxy), endOf(client)),
      proxy,
      client,
      ...subjectOf(certificate),
    };
    this.#verdicts.set(socket, verdicts);
    return verdicts;
  }

  async #byToken(token: string, signal: AbortSignal): Promise<Authentication> {
    const key = createHash('sha256').update(token).digest('base64');
    const verdict = await this.#tokens.get(key, () => reviewToken(this.#deps.client, token, signal));
    switch (verdict.status) {
      case 'authenticated': {
        const { user } = verdict;
        const groups = user.groups.includes(AUTHENTICATED) ? user.groups : [...user.groups, AUTHENTICATED];
        return { status: 'known', method: 'token', user: { ...user, groups } };
      }
      case 'unknown':
        return { status: 'refused', reason: verdict.detail };
      case 'refused':
      case 'failed':
        return { status: 'unavailable', reason: `TokenReview: ${describeObstacle(verdict)}` };
    }
  }
}

/** A certificate whose time has not begun is refused for as long as its connection lasts. */
function endOf(verdict: ChainVerdict | undefined): number {
  return verdict?.status === 'trusted' ? verdict.untilMs : Number.POSITIVE_INFINITY;
}

function peerCertificate(socket: Socket): X509Certificate | undefined {
  return 'getPeerX509Certificate' in socket && typeof socket.getPeerX509Certificate === 'function'
    ? socket.getPeerX509Certificate()
    : undefined;
}

function identify(
  { proxy, client, commonName, organizations }: CertificateVerdicts,
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
  frontProxy: FrontProxy | undefined,
): Authentication {
  let reason = client.status === 'untrusted' ? client.reason : '';
  if (proxy?.status === 'trusted' && frontProxy !== undefined) {
    const { allowedNames } = frontProxy;
    if (allowedNames.length === 0 || allowedNames.includes(commonName)) {
      const user = proxiedUser(frontProxy, headers, rawHeaders);
      if (user !== undefined) return { status: 'known', method: 'front_proxy', user };
    } else reason = `${commonName} is not among the names that a front proxy may have`;
  }
  if (client.status !== 'trusted') return { status: 'refused', reason };
  if (commonName === '') return { status: 'refused', reason: 'a client certificate without a common name' };
  const groups = [...organizations, AUTHENTICATED];
  return { status: 'known', method: 'certificate', user: { name: commonName, uid: '', groups, extra: {} } };
}

/** @returns undefined where the proxy names nobody */
function proxiedUser(
  { userHeaders, uidHeaders, groupHeaders, extraPrefixes }: FrontProxy,
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
): UserInfo | undefined {
  const name = firstOf(headers, userHeaders);
  if (name === '') return undefined;
  const groups: string[] = [];
  const extra: Record<string, string[]> = {};
  // Headers that come several times: Node joins them in `headers`.
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const header = rawHeaders[index]!.toLowerCase();
    const value = utf8(rawHeaders[index + 1]!);
    if (groupHeaders.includes(header) && value !== '') groups.push(value);
    const prefix = extraPrefixes.find((start) => header.startsWith(start));
    if (prefix === undefined) continue;
    const key = decoded(header.slice(prefix.length)).toLowerCase();
    extra[key] = [...(extra[key] ?? []), value];
  }
  // As Go's authenticatedGroupAdder: for whoever is not anonymous.
  if (name !== 'system:anonymous' && !groups.includes(AUTHENTICATED)) groups.push(AUTHENTICATED);
  return { name, uid: firstOf(headers, uidHeaders), groups, extra };
}

function firstOf(headers: IncomingHttpHeaders, names: readonly string[]): string {
  for (const name of names) {
    const value = headers[name];
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined && first !== '') return utf8(first);
  }
  return '';
}

/** API servers write names as they are, and Node takes each byte of a header for a character. */
function utf8(value: string): string {
  return Buffer.from(value, 'latin1').toString('utf8');
}

/** A key that is encoded badly is taken as it is, as Go does. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function bearerToken({ authorization }: IncomingHttpHeaders): string | undefined {
  const [, token] = /^bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
  return token;
}

/** Common name and organisations of a subject: Node gives each part of a name a line, several attributes of one with ` + ` between them, and
 *  escapes as RFC 2253 has it what would be taken for that. */
function subjectOf({ subject }: X509Certificate): Pick<CertificateVerdicts, 'commonName' | 'organizations'> {
  let commonName = '';
  const organizations: string[] = [];
  for (const attribute of (subject ?? '').split('\n').flatMap((line) => line.split(' + '))) {
    if (attribute.startsWith('CN=')) commonName = unescaped(attribute.slice(3));
    if (attribute.startsWith('O=')) organizations.push(unescaped(attribute.slice(2)));
  }
  return { commonName, organizations };
}

function unescaped(value: string): string {
  return value.replace(/\\([0-9A-F]{2}|.)/gs, (_whole, escaped: string) =>
    escaped.length === 2 ? String.fromCharCode(Number.parseInt(escaped, 16)) : escaped,
  );
}

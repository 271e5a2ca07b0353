/** Asks for a page: redirects, cookies, certificates, and what the page says. Source: blackbox_exporter, prober/http.go. */
import type { HttpClientConfig } from '@vigie/core/config/http-client-config';
import { basicCredentials } from '@vigie/core/http-client/basic-credentials';
import { configuredTls } from '@vigie/core/http-client/client-tls';
import { HttpClient, type RequestHeaders } from '@vigie/core/http-client/http-client';
import { proxyFor } from '@vigie/core/http-client/proxy';
import type { ReloadedFiles } from '@vigie/core/reloaded-files';
import type { ClientTlsOptions } from '@vigie/core/tls';
import { untilAborted } from '@vigie/core/until-aborted';
import { tellCertificate, tellChainExpiry, tellCipher } from './certificate-samples.ts';
import { CookieJar } from './cookie-jar.ts';
import { readHttpBody } from './http-body.ts';
import { exchange, type HttpAnswer, hostOf } from './http-exchange.ts';
import { bodyIsRight, headersAreRight, statusIsValid, wantsBody, wantsHeaders } from './http-matches.ts';
import { chooseAddress, type Lookup } from './probe-address.ts';
import type { HttpModule } from './probe-module.ts';
import { type ProbeContext, type Prober, type ProberDeps, stopwatch } from './prober.ts';

/** Go's own. */
const MAX_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Of another host than the one that was asked for: these say who we are. */
const PRIVATE_HEADERS = new Set(['authorization', 'www-authenticate', 'cookie', 'cookie2']);

export function httpProber(module: HttpModule, deps: ProberDeps): Prober {
  const { client } = module;
  const tls = configuredTls(client.tls, deps.clock);
  const configured = new HttpClient(client, deps);
  return async (target, context) => {
    const { samples, log } = context;
    samples.begin('failedDueToRegex', 'httpContentLength', 'httpBodyLength', 'httpRedirects', 'httpSsl');
    samples.begin('httpStatusCode', 'httpVersion');
    const written = /^https?:\/\//.test(target) ? target : `http://${target}`;
    if (!URL.canParse(written)) {
      log.error('Could not parse target URL', { target });
      return false;
    }
    const visit = new Visit(new URL(written), module, context, { ...deps, tls, configured });
    const answer = await visit.follow();
    try {
      return await judge(answer, visit.isRefusedRedirect, module, context, { ...deps, tls });
    } finally {
      answer.close();
    }
  };
}

interface VisitDeps extends ProberDeps {
  readonly tls: ReloadedFiles<ClientTlsOptions>;
  readonly configured: Pick<HttpClient, 'configuredHeaders'>;
}

/** The requests of one probe, from the target to where redirects lead. */
class Visit {
  /** The last answer names another place, and nobody goes there. */
  isRefusedRedirect = false;
  readonly #target: URL;
  readonly #module: HttpModule;
  readonly #context: ProbeContext;
  readonly #deps: VisitDeps;
  readonly #cookies = new CookieJar();
  #method: string;
  #body: Buffer | undefined;

  constructor(target: URL, module: HttpModule, context: ProbeContext, deps: VisitDeps) {
    this.#target = target;
    this.#module = module;
    this.#context = context;
    this.#deps = deps;
    this.#method = module.method;
  }

  /** @returns the last answer, which the caller closes */
  async follow(): Promise<HttpAnswer> {
    const { samples, log } = this.#context;
    const { client, body } = this.#module;
    const firstAddress = await this.#firstAddress();
    for (const phase of ['connect', 'tls', 'processing', 'transfer']) samples.set('httpDuration', 0, { phase });
    if (body !== undefined) this.#body = 'text' in body ? Buffer.from(body.text) : await this.#deps.readFile(body.file);
    let url = this.#target;
    // The host that was resolved at first stays resolved, as long as redirects name none.
    let isSameHost = true;
    for (let redirects = 0; ; ) {
      log.info('Making HTTP request', { url: `${url.origin}${url.pathname}${url.search}`, method: this.#method });
      const answer = await this.#ask(url, isSameHost, isSameHost ? firstAddress : undefined);
      log.info('Received HTTP response', { status_code: answer.status });
      this.#cookies.take(url, answer.headers.get('set-cookie') ?? []);
      const [location] = REDIRECTS.has(answer.status) ? (answer.headers.get('location') ?? []) : [];
      if (location === undefined || location === '') return answer;
      samples.set('httpRedirects', ++redirects);
      log.info('Received redirect', { location });
      if (!client.followRedirects || redirects > MAX_REDIRECTS) {
        log.info('Not following redirect');
        this.isRefusedRedirect = true;
        return answer;
      }
      answer.close();
      if (!URL.canParse(location, url.href)) throw new Error(`failed to parse Location header "${location}"`);
      isSameHost = isSameHost && !/^(?:[a-z][a-z0-9+.-]*:)?\/\//i.test(location);
      url = new URL(location, url);
      if (url.protocol !== 'http:' && url.protocol !== 'https:')
        throw new Error(`unsupported protocol scheme "${url.protocol.replace(/:$/, '')}"`);
      this.#redirect(answer.status);
    }
  }

  /** undefined where the proxy resolves it. */
  async #firstAddress(): Promise<string | undefined> {
    const { samples } = this.#context;
    const { client, address, skipResolveWithProxy } = this.#module;
    if (skipResolveWithProxy && client.proxy.url !== undefined) return undefined;
    const resolving = stopwatch(this.#deps.clock);
    try {
      return (await chooseAddress(hostOf(this.#target), address, this.#context, this.#deps)).address;
    } finally {
      samples.set('httpDuration', resolving(), { phase: 'resolve' });
    }
  }

  /** As browsers do: what is posted is posted once. */
  #redirect(status: number): void {
    if (status === 307 || status === 308) return;
    if (this.#method !== 'GET' && this.#method !== 'HEAD') this.#method = 'GET';
    this.#body = undefined;
  }

  async #ask(url: URL, isSameHost: boolean, firstAddress: string | undefined): Promise<HttpAnswer> {
    const { samples, signal } = this.#context;
    const { client } = this.#module;
    const { clock, lookup, tls } = this.#deps;
    const options = tls.current();
    const proxy = proxyOf(url, client, this.#deps.env);
    const host = proxy === undefined ? hostOf(url) : hostOf(proxy);
    const resolving = stopwatch(clock);
    const isResolved = proxy === undefined && firstAddress !== undefined;
    const addresses = isResolved ? [firstAddress] : await addressesOf(host, lookup, signal);
    if (!isResolved) samples.add('httpDuration', resolving(), { phase: 'resolve' });
    const hostHeader = headerOf(this.#module.headers, 'host');
    return exchange(
      {
        // A proxy is asked for the address that was chosen, not for whatever it would resolve.
        url: proxy !== undefined && firstAddress !== undefined ? withHost(url, firstAddress) : url,
        addresses,
        proxy,
        method: this.#method,
        headers: await this.#headers(url, isSameHost),
        body: this.#body,
        serverName: isSameHost && hostHeader !== undefined ? hostHeader.replace(/:\d+$/, '') : hostOf(url),
        tls: isSameHost ? options : withoutServerName(options),
        offersHttp2: client.enableHttp2,
      },
      (phase, seconds) => samples.add('httpDuration', seconds, { phase }),
      clock,
      signal,
    );
  }

  async #headers(url: URL, isSameHost: boolean): Promise<RequestHeaders> {
    const { configured, userAgent } = this.#deps;
    const isTrusted = this.#isTrusted(url);
    const ofModule = Object.entries(this.#module.headers)
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => (name === 'host' ? isSameHost : isTrusted || !PRIVATE_HEADERS.has(name)));
    const { cookie, ...own } = Object.fromEntries(ofModule);
    const cookies = [cookie, this.#cookies.headerFor(url)].filter((pairs) => pairs !== undefined);
    return {
      host: url.host,
      'user-agent': userAgent,
      ...ofUser(url),
      ...(isTrusted ? await configured.configuredHeaders(this.#context.signal) : {}),
      ...own,
      ...(cookies.length === 0 ? {} : { cookie: cookies.join('; ') }),
    };
  }

  /** What says who we are goes to the host that was asked, and never to where others can read it. */
  #isTrusted({ hostname, protocol }: URL): boolean {
    return hostname === this.#target.hostname && (protocol === 'https:' || this.#target.protocol === 'http:');
  }
}

/** A URL may say who asks. */
function ofUser({ username, password }: URL): RequestHeaders {
  if (username === '') return {};
  return { authorization: basicCredentials(decodeURIComponent(username), decodeURIComponent(password)) };
}

async function judge(
  answer: HttpAnswer,
  isRefusedRedirect: boolean,
  module: HttpModule,
  { samples, log, signal }: ProbeContext,
  { clock, tls: configuredOptions }: Pick<VisitDeps, 'clock' | 'tls'>,
): Promise<boolean> {
  const { status, headers, version, contentLength, tls } = answer;
  samples.set('httpStatusCode', status);
  samples.set('httpContentLength', contentLength);
  samples.set('httpVersion', version);
  if (tls !== undefined) {
    samples.set('httpSsl', 1);
    tellChainExpiry(tellCertificate(tls, samples), configuredOptions.current(), clock.nowMs(), samples);
    tellCipher(tls, samples);
  }
  let isRight = statusIsValid(status, module.validStatusCodes);
  if (!isRight) {
    const wanted = module.validStatusCodes.length === 0 ? '2xx' : module.validStatusCodes.join(', ');
    log.error('Invalid HTTP response status code', { status_code: status, wanted });
  }
  if (isRight && wantsHeaders(module)) {
    isRight = headersAreRight(headers, module, log);
    samples.set('failedDueToRegex', isRight ? 0 : 1);
  }
  // The body of a redirect that is not followed is not read.
  if (!isRefusedRedirect) {
    const reading = stopwatch(clock);
    const { compression, bodySizeLimit: sizeLimit } = module;
    const isKept = isRight && wantsBody(module);
    const { bytes, length, failure } = await readHttpBody(answer.body, { compression, sizeLimit, isKept, signal });
    samples.add('httpDuration', reading(), { phase: 'transfer' });
    samples.set('httpBodyLength', length);
    if (failure !== undefined) {
      log.error('Failed to read HTTP response body', { err: failure.message });
      isRight = false;
    }
    if (isKept) {
      const matches = failure === undefined && bodyIsRight(bytes, module, log);
      samples.set('failedDueToRegex', matches ? 0 : 1);
      isRight &&= matches;
    }
  }
  const modifiedMs = Date.parse(headers.get('last-modified')?.[0] ?? '');
  if (!Number.isNaN(modifiedMs)) samples.set('httpLastModified', modifiedMs / 1000);
  const protocol = `HTTP/${version.toFixed(1)}`;
  if (module.validHttpVersions.length > 0 && !module.validHttpVersions.includes(protocol)) {
    log.error('Invalid HTTP version number', { version: protocol });
    isRight = false;
  }
  if (tls !== undefined && module.failIfSsl) {
    log.error('Final request was over SSL');
    return false;
  }
  if (tls === undefined && module.failIfNotSsl) {
    log.error('Final request was not over SSL');
    return false;
  }
  return isRight;
}

function proxyOf(url: URL, { proxy }: HttpClientConfig, env: ProberDeps['env']): URL | undefined {
  if (proxy.fromEnvironment) return proxyFor(url, env);
  if (proxy.url === undefined) return undefined;
  // Without exceptions a proxy is for this host too; with some, Go leaves it out.
  if (proxy.noProxy === '') return new URL(proxy.url);
  return proxyFor(url, { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, NO_PROXY: proxy.noProxy });
}

async function addressesOf(host: string, lookup: Lookup, signal: AbortSignal): Promise<readonly string[]> {
  return (await untilAborted(lookup(host), signal)).map(({ address }) => address);
}

function withHost(url: URL, address: string): URL {
  const copy = new URL(url);
  copy.hostname = address.includes(':') ? `[${address}]` : address;
  return copy;
}

function withoutServerName({ servername: _, ...options }: ClientTlsOptions): ClientTlsOptions {
  return options;
}

function headerOf(headers: Readonly<Record<string, string>>, wanted: string): string | undefined {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === wanted)?.[1];
}

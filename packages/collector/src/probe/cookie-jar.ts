/** Cookies that the answers of one probe set, for the requests after them: some logins redirect for ever without. Source: RFC 6265. */
interface Cookie {
  readonly pair: string;
  readonly host: string;
  /** It is for hosts below too. */
  readonly isForDomain: boolean;
  readonly path: string;
  readonly isSecure: boolean;
}

/** Of a probe's few requests; a server that sets more means no good. */
const MAX_COOKIES = 100;

export class CookieJar {
  /** By name, host and path. */
  readonly #cookies = new Map<string, Cookie>();

  /** @param written values of Set-Cookie */
  take(url: URL, written: readonly string[]): void {
    for (const line of written) {
      const [pair = '', ...rest] = line.split(';').map((part) => part.trim());
      const name = pair.slice(0, Math.max(0, pair.indexOf('=')));
      if (name === '') continue;
      const attributes = new Map(
        rest.map((part) => {
          const [key = '', ...value] = part.split('=');
          return [key.trim().toLowerCase(), value.join('=').trim()] as const;
        }),
      );
      const domain = (attributes.get('domain') ?? '').replace(/^\./, '').toLowerCase();
      // A domain of one label is a public suffix; the whole list of them is not worth its while for a probe.
      if (domain !== '' && (!isWithin(url.hostname, domain) || !domain.includes('.'))) continue;
      const path = attributes.get('path') ?? '';
      const cookie: Cookie = {
        pair,
        host: domain === '' ? url.hostname : domain,
        isForDomain: domain !== '',
        path: path.startsWith('/') ? path : url.pathname.replace(/\/[^/]*$/, '') || '/',
        isSecure: attributes.has('secure'),
      };
      const key = `${name};${cookie.host};${cookie.path}`;
      if (Number(attributes.get('max-age') ?? 1) <= 0) this.#cookies.delete(key);
      else if (this.#cookies.size < MAX_COOKIES || this.#cookies.has(key)) this.#cookies.set(key, cookie);
    }
  }

  /** @returns the value of Cookie; undefined where there are none for it */
  headerFor(url: URL): string | undefined {
    const pairs = [...this.#cookies.values()]
      .filter(({ host, isForDomain, path, isSecure }) => {
        if (isSecure && url.protocol !== 'https:') return false;
        if (isForDomain ? !isWithin(url.hostname, host) : url.hostname !== host) return false;
        return url.pathname === path || url.pathname.startsWith(path.endsWith('/') ? path : `${path}/`);
      })
      .map(({ pair }) => pair);
    return pairs.length === 0 ? undefined : pairs.join('; ');
  }
}

function isWithin(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`);
}

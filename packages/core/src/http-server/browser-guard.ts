/** Keeps web pages away from a listener that trusts everybody on this host: a browser runs there too. */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { HttpError } from './exchange.ts';

/** Lets through whatever is not a browser acting for a foreign page.
 *  @throws {HttpError} 403 */
export function checkNotForeignPage({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): void {
  // DNS rebinding: the page's own host name was made to point here, so that to the browser it is one origin.
  const host = hostName(headers.host ?? '');
  if (host !== '' && host !== 'localhost' && !host.endsWith('.localhost') && isIP(host) === 0) {
    throw new HttpError(403, `without auth, this listener answers to an address or localhost, not to the name ${host}`);
  }
  // Cross-site request forgery: the page cannot read the answer, but what it asks for would be done.
  if (method !== 'GET' && method !== 'HEAD' && headers['sec-fetch-site'] === 'cross-site') {
    throw new HttpError(403, 'without auth, this listener takes no orders from other web sites');
  }
}

function hostName(host: string): string {
  return host
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
}

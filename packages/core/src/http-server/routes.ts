/** Which handler answers a request. */
import { VigieError } from '../errors.ts';
import { HttpError, type HttpHandler, type HttpMethod } from './exchange.ts';

export interface Route {
  /** GET answers HEAD too. */
  readonly methods: readonly HttpMethod[];
  /** Exact, `/ledger`, or, ending in `/*`, everything below: the longest that fits wins, an exact one first. */
  readonly path: string;
  readonly handler: HttpHandler;
  /** 1 MiB unless given. */
  readonly maxBodyBytes?: number;
  /** Who may call it; `caller` unless given.
   *  - anyone: health paths, which the kubelet asks for without credentials
   *  - reader: also anyone while the listener has no auth, beyond loopback too; else as caller
   *  - caller: callers that the auth lets in; without auth, only on a loopback address */
  readonly access?: 'anyone' | 'reader' | 'caller';
}

export interface FoundRoute {
  readonly route: Route;
  readonly rest: string;
}

export class RouteTable {
  readonly #exact = new Map<string, Route[]>();
  /** By prefix, with its last slash; longest first. */
  readonly #prefixes: [prefix: string, routes: Route[]][] = [];

  /** @throws {VigieError} ROUTE_DUPLICATE when two routes answer the same method and path */
  constructor(routes: readonly Route[]) {
    const prefixes = new Map<string, Route[]>();
    for (const route of routes) {
      const isPrefix = route.path.endsWith('/*');
      const group = isPrefix ? prefixes : this.#exact;
      const key = isPrefix ? route.path.slice(0, -1) : route.path;
      const others = group.get(key) ?? [];
      if (others.some((other) => other.methods.some((method) => route.methods.includes(method)))) {
        throw new VigieError('ROUTE_DUPLICATE', `two routes for ${route.methods.join(' or ')} ${route.path}`);
      }
      group.set(key, [...others, route]);
    }
    this.#prefixes.push(...[...prefixes].sort(([a], [b]) => b.length - a.length));
  }

  /** @throws {HttpError} 404, or 405 with Allow */
  find(method: string, path: string): FoundRoute {
    const prefixed = this.#prefixes.find(([prefix]) => path.startsWith(prefix));
    const candidates = this.#exact.get(path) ?? prefixed?.[1];
    if (candidates === undefined) throw new HttpError(404, `no such path: ${path}`);
    const wanted = method === 'HEAD' ? 'GET' : method;
    const route = candidates.find(({ methods }) => methods.some((allowed) => allowed === wanted));
    if (route === undefined) {
      const allowed = candidates
        .flatMap(({ methods }) => methods)
        .flatMap((m) => (m === 'GET' ? ['GET', 'HEAD'] : [m]));
      throw new HttpError(405, `${method} is not for ${path}`, { allow: allowed.join(', ') });
    }
    return { route, rest: route.path.endsWith('/*') ? path.slice(route.path.length - 1) : '' };
  }
}

/** The same routes below a prefix such as `/agent`; handlers see the whole path. */
export function mountRoutes(prefix: string, routes: readonly Route[]): readonly Route[] {
  return routes.map((route) => ({ ...route, path: `${prefix}${route.path}` }));
}

/** The search domains of this host, which DNS discovery goes through as the resolver of a system does: `web.shop` is
 *  `web.shop.svc.cluster.local` in a pod. Source: Prometheus, discovery/dns, lookupWithSearchPath; resolv.conf(5). */
import { errorCode } from '@vigie/core/errors';
import type { DnsResolver } from './dns-discovery.ts';

export interface SearchPath {
  readonly domains: readonly string[];
  /** A name with so many dots is tried as it is first. */
  readonly dots: number;
}

/** @param text of /etc/resolv.conf; of several `search` lines the last one counts */
export function parseResolvConf(text: string): SearchPath {
  let domains: readonly string[] = [];
  let dots = 1;
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line.trim().split(/\s+/);
    if (keyword === 'search' || keyword === 'domain') domains = words;
    if (keyword !== 'options') continue;
    const written = words.map((word) => /^ndots:(\d+)$/.exec(word)?.[1]).find((number) => number !== undefined);
    if (written !== undefined) dots = Math.min(15, Number(written));
  }
  return { domains, dots };
}

/** @returns the names to ask for, in order */
export function namesOf(name: string, { domains, dots }: SearchPath): readonly string[] {
  if (name.endsWith('.')) return [name];
  const below = domains.map((domain) => `${name}.${domain.replace(/\.$/, '')}`);
  return name.split('.').length > dots ? [name, ...below] : [...below, name];
}

/** A resolver that goes through the search path.
 *  @param resolver asks for a name as it is
 *  @param readPath called for each lookup: the file changes with the network */
export function searching(resolver: DnsResolver, readPath: () => Promise<SearchPath>): DnsResolver {
  const search = async <T>(name: string, ask: (name: string) => Promise<T>): Promise<T> => {
    let missing: unknown;
    let failure: unknown;
    for (const each of namesOf(name, await readPath())) {
      try {
        return await ask(each);
      } catch (error) {
        // There is the name, and nothing of the type: an answer, and the last one.
        if (errorCode(error) === 'ENODATA') throw error;
        if (errorCode(error) === 'ENOTFOUND') missing = error;
        else failure = error;
      }
    }
    // That there is no such name is known where each of them was answered.
    throw failure ?? missing;
  };
  return {
    resolve4: (name) => search(name, (each) => resolver.resolve4(each)),
    resolve6: (name) => search(name, (each) => resolver.resolve6(each)),
    resolveMx: (name) => search(name, (each) => resolver.resolveMx(each)),
    resolveNs: (name) => search(name, (each) => resolver.resolveNs(each)),
    resolveSrv: (name) => search(name, (each) => resolver.resolveSrv(each)),
  };
}

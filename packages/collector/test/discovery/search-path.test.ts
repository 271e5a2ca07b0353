import { describe, expect, it } from 'vitest';
import type { DnsResolver } from '../../src/discovery/dns-discovery.ts';
import { namesOf, parseResolvConf, searching } from '../../src/discovery/search-path.ts';

const POD = 'search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n';

/** @returns answers `10.0.0.1` for these, and otherwise fails with the code */
function resolver(known: readonly string[], code: string, asked: string[]): DnsResolver {
  const ask = (name: string): Promise<never[]> => {
    asked.push(name);
    if (known.includes(name)) return Promise.resolve([]);
    return Promise.reject(Object.assign(new Error(name), { code }));
  };
  return { resolve4: ask, resolve6: ask, resolveMx: ask, resolveNs: ask, resolveSrv: ask };
}

describe('the search path', () => {
  it('is read from resolv.conf', () => {
    expect(parseResolvConf(POD)).toEqual({
      domains: ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
      dots: 5,
    });
    expect(parseResolvConf('')).toEqual({ domains: [], dots: 1 });
  });

  it('comes before names with few dots, after others, and not at all with the root', () => {
    const path = parseResolvConf('search a.b\noptions ndots:2');
    expect(namesOf('web', path)).toEqual(['web.a.b', 'web']);
    expect(namesOf('web.x.y', path)).toEqual(['web.x.y', 'web.x.y.a.b']);
    expect(namesOf('web.', path)).toEqual(['web.']);
  });

  it('is gone through until there is a name', async () => {
    const asked: string[] = [];
    const path = () => Promise.resolve(parseResolvConf(POD));
    await searching(resolver(['web.svc.cluster.local'], 'ENOTFOUND', asked), path).resolve4('web');
    expect(asked).toEqual(['web.shop.svc.cluster.local', 'web.svc.cluster.local']);
    await expect(searching(resolver([], 'ENOTFOUND', []), path).resolveSrv('web')).rejects.toMatchObject({
      code: 'ENOTFOUND',
    });
  });

  it('ends with a name that has nothing of the type', async () => {
    const asked: string[] = [];
    const path = () => Promise.resolve(parseResolvConf(POD));
    const searched = searching(resolver([], 'ENODATA', asked), path).resolve4('web');
    await expect(searched).rejects.toMatchObject({ code: 'ENODATA' });
    expect(asked).toHaveLength(1);
  });
});

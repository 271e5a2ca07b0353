/** Objects of the Prometheus operator without a cluster. */
import { Findings } from '@vigie/core/config/findings';
import { AssetLookup, type AssetStore } from '@vigie/kube/custom-objects/assets';
import type { CustomObject } from '@vigie/kube/custom-objects/custom-object';
import * as v from 'valibot';
import { globalSection, readGlobal } from '../../src/config/global-section.ts';
import type { ScrapeGlobals } from '../../src/config/scrape-section.ts';
import type { ObjectContext } from '../../src/operator/job-fields.ts';

const written = v.parse(globalSection, { scrape_interval: '30s' });
const nowhere = { problemAt: fail, problemAtKey: fail };

export const GLOBALS: ScrapeGlobals = { written, read: readGlobal(written, [], new Findings(nowhere)) };

function fail(): never {
  throw new Error('the globals of the test are wrong');
}

/** Every Secret and ConfigMap is there, and has every key. */
const EVERYTHING: Pick<AssetStore, 'get'> = {
  get: () => ({
    status: 'read',
    values: new Proxy({}, { get: (_target, key) => `value of ${String(key)}` }),
  }),
};

export function contextOf(
  { namespace, name }: Pick<CustomObject, 'namespace' | 'name'>,
  {
    fileAccess = false,
    store = EVERYTHING,
  }: { readonly fileAccess?: boolean; readonly store?: typeof EVERYTHING } = {},
): ObjectContext {
  const assets = new AssetLookup(namespace, store);
  return { namespace, name, assets, fileAccess, serviceDiscoveryRole: 'endpoints' };
}

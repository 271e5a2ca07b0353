import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { seededRandom } from '@vigie/core/random';
import { MemoryApi } from '@vigie/kube/testing/memory-api';
import { describe, expect, it } from 'vitest';
import { GroupLeases, replicaLeaseName } from '../../src/ha/group-leases.ts';
import { groupLeaseForm } from '../../src/ha/seen-leases.ts';
import { SECOND } from '../lab.ts';

const NAME = replicaLeaseName('alerts', 'b');

/** A replica that has not been heard of for long, as `a` sees it. */
class Bed {
  readonly clock = new FakeClock();
  readonly api = new MemoryApi(this.clock, seededRandom(1));
  readonly leases: GroupLeases;

  constructor() {
    const client = this.api.client();
    const log = createLog('error', { write: () => undefined });
    const place = { namespace: 'mon', name: 'alerts', replica: 'a', shards: 1 };
    this.leases = new GroupLeases(place, { client, clock: this.clock, log, saw: () => undefined });
    this.renew('1');
    this.leases.heard(groupLeaseForm.decode(this.found));
  }

  renew(renewTime: string): void {
    const metadata = { name: NAME, namespace: 'mon', labels: { 'vigie.io/replica': 'b' } };
    this.api.store.put('leases', { metadata, spec: { holderIdentity: 'b', leaseDurationSeconds: 6, renewTime } });
  }

  get found(): unknown {
    return this.api.store.find('leases', 'mon', NAME);
  }
}

describe('the Lease of a replica that is gone', () => {
  it('is removed', async () => {
    const bed = new Bed();
    await bed.leases.removeReplica('b');
    expect(bed.found).toBeUndefined();
  });

  it('is not, where it has come back and its watch has not said so yet', async () => {
    const bed = new Bed();
    bed.renew('2');
    await bed.leases.removeReplica('b');
    expect(bed.found).toBeDefined();
  });

  it('is not either, where it comes back before the API server removes it', async () => {
    const bed = new Bed();
    bed.api.faults = { ...bed.api.faults, delayMs: SECOND };
    const removing = bed.leases.removeReplica('b');
    for (let asked = 0; asked < 200 && !bed.api.arrived.has('GET'); asked++) await bed.clock.advance(10);
    bed.renew('2');
    await bed.clock.advance(10 * SECOND);
    await removing;
    expect(bed.api.arrived.get('DELETE')).toBe(1);
    expect(bed.found).toBeDefined();
  });
});

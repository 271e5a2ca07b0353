import { describe, expect, it } from 'vitest';
import { type GroupLease, groupLeaseForm, SeenLeases } from '../../src/ha/seen-leases.ts';

function lease(holder: string, resourceVersion: string): GroupLease {
  const metadata = { name: 's', resourceVersion };
  return groupLeaseForm.decode({ metadata, spec: { holderIdentity: holder, leaseDurationSeconds: 6 } });
}

describe('Leases as they are seen', () => {
  it('do not become older by what a watch tells late', () => {
    const seen = new SeenLeases();
    expect(seen.hear(lease('b', '10'), 0)).toBe(true);
    expect(seen.hear(lease('a', '9'), 0)).toBe(false);
    seen.hearRemoved(lease('a', '9'));
    expect(seen.get('s')?.holder).toBe('b');
    seen.hearRemoved(lease('b', '11'));
    expect(seen.get('s')).toBeUndefined();
  });

  it('are what an answer says, also of a server that was restored from a backup, or whose versions are no numbers', () => {
    const seen = new SeenLeases();
    seen.hear(lease('b', '10'), 0);
    seen.see(lease('a', '5'), 0);
    expect(seen.get('s')?.holder).toBe('a');
    expect(seen.hear(lease('c', 'x7'), 0)).toBe(true);
    expect(seen.hear(lease('d', '1'), 0)).toBe(true);
  });
});

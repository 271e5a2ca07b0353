import { createLog } from '@vigie/core/log';
import { describe, expect, it } from 'vitest';
import { digestOfGroups, RuleAgreement } from '../../src/ha/rule-agreement.ts';
import type { KnownReplica } from '../../src/ha/shard-ownership.ts';

const replica = (name: string, groups: readonly string[] | undefined, isAlive = true): KnownReplica => ({
  name,
  address: '',
  rules: groups === undefined ? '' : digestOfGroups(groups),
  isAlive,
  goneForMs: 0,
});

const OWN = ['/etc/vigie/rules.yml;a', '/etc/vigie/rules.yml;b'];

function agreement() {
  const lines: string[] = [];
  const one = new RuleAgreement(createLog('warn', { write: (line) => void lines.push(line) }));
  one.own = digestOfGroups(OWN);
  return { one, lines };
}

describe('replicas that have other groups of rules', () => {
  it('are those whose rule files lie elsewhere, and not those that read them in another order', () => {
    const { one } = agreement();
    const others = [
      replica('same', OWN.toReversed()),
      replica('elsewhere', ['/rules/rules.yml;a', '/rules/rules.yml;b']),
      replica('older', undefined),
      replica('dead', [], false),
    ];
    expect(one.differing(others)).toEqual(['elsewhere']);
    one.own = '';
    expect(one.differing(others)).toEqual([]);
  });

  it('are warned of once, when they have been for a minute', () => {
    const { one, lines } = agreement();
    const other = replica('b', []);
    for (let look = 0; look < 5; look++) one.look([other]);
    expect(lines).toEqual([]);
    for (let look = 0; look < 10; look++) one.look([other]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('"replicas":"b"');
    one.look([replica('b', OWN)]);
    for (let look = 0; look < 6; look++) one.look([other]);
    expect(lines).toHaveLength(2);
  });
});

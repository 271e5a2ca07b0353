import { createHash } from 'node:crypto';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import { fingerprintOf } from '../../src/identity/fingerprint.ts';
import { dedupKeyOf, formatGroupLabels, groupKeyOf, groupLabelsIn } from '../../src/identity/group-key.ts';

/** FNV-1a of 64 bits with integers of any size. */
function fnv(bytes: Buffer): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}

describe('fingerprints', () => {
  it('are those of Alertmanager', () => {
    expect(fingerprintOf(LabelSet.empty)).toBe('cbf29ce484222325');
    // Of a notification in prometheus/alertmanager#3370.
    expect(fingerprintOf(LabelSet.of({ foo: 'bar' }))).toBe('3fff2c2d7595e046');
  });

  it('are FNV-1a over names and values by the order of their bytes', () => {
    const labels = { alertname: 'Dïsk', '\u{1f642}': 'x', '\uffee': 'y', a: '' };
    const bytes = ['alertname', 'Dïsk', '\uffee', 'y', '\u{1f642}', 'x'].flatMap((text) => [
      Buffer.from(text),
      Buffer.of(0xff),
    ]);
    expect(fingerprintOf(LabelSet.of(labels))).toBe(fnv(Buffer.concat(bytes)));
  });
});

describe('keys of groups', () => {
  it('are the route and the labels, as Alertmanager writes them', () => {
    const labels = LabelSet.of({ tenant: 'T', identifier: 'ID1' });
    expect(groupKeyOf('{}/{team="webhook"}', labels)).toBe('{}/{team="webhook"}:{identifier="ID1", tenant="T"}');
    expect(formatGroupLabels(LabelSet.of({ 'a b': 'x\ty"\u2028' }))).toBe('{a b="x\\ty\\"\\u2028"}');
    expect(formatGroupLabels(LabelSet.empty)).toBe('{}');
  });

  it('say what the labels of a group were that is no more', () => {
    const labels = LabelSet.of({ alertname: 'Down', path: 'C:{a="b"}', text: 'x\ty"\u2028' });
    for (const route of ['{}', '{}/{team=":{a"}', '{}/{a=~":{b="c"}"}/{d!="e"}']) {
      expect(groupLabelsIn(groupKeyOf(route, labels)).toString()).toBe(labels.toString());
      expect(groupLabelsIn(groupKeyOf(route, LabelSet.empty))).toEqual(LabelSet.empty);
    }
    expect(groupLabelsIn(groupKeyOf('{}', LabelSet.of({ 'a b': 'c' })))).toEqual(LabelSet.empty);
  });

  it('are hashed for those who know incidents by them', () => {
    const key = '{}:{alertname="Down"}';
    expect(dedupKeyOf(key)).toBe(createHash('sha256').update(key).digest('hex'));
  });
});

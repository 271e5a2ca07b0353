import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import type { InhibitRule } from '../../src/config/inhibition-section.ts';
import { fingerprintOf } from '../../src/identity/fingerprint.ts';
import { Inhibitor } from '../../src/inhibition/inhibitor.ts';
import { parseMatchers } from '../../src/matchers/parse-matchers.ts';

const labelsOf = (text: string): LabelSet =>
  LabelSet.of(parseMatchers(text).matchers.map(({ name, value }) => [name, value] as const));

const rule = (source: string, target: string, ...equal: readonly string[]): InhibitRule => ({
  name: `${source} over ${target}`,
  source: parseMatchers(source).matchers,
  target: parseMatchers(target).matchers,
  equal,
});

/** @param sources labels, and when they end */
function inhibitorOf(rules: readonly InhibitRule[], sources: Readonly<Record<string, number | undefined>>): Inhibitor {
  const inhibitor = new Inhibitor(rules);
  for (const [text, endsAtMs] of Object.entries(sources)) {
    const labels = labelsOf(text);
    inhibitor.set({ labels, fingerprint: fingerprintOf(labels), endsAtMs });
  }
  return inhibitor;
}

const sourceOf = (inhibitor: Inhibitor, target: string, nowMs = 0): string | undefined =>
  inhibitor.inhibitionOf(labelsOf(target), nowMs)?.source.labels.get('id');

const CRITICAL = rule('severity=critical', 'severity=warning', 'alertname', 'cluster');

describe('inhibition', () => {
  it('needs a source that fires and is equal where the rule asks for it', () => {
    const inhibitor = inhibitorOf([CRITICAL], { 'severity=critical,alertname=A,cluster=x,id=1': undefined });
    expect(sourceOf(inhibitor, 'severity=warning,alertname=A,cluster=x')).toBe('1');
    expect(sourceOf(inhibitor, 'severity=warning,alertname=A,cluster=y')).toBeUndefined();
    expect(sourceOf(inhibitor, 'severity=warning,alertname=A')).toBeUndefined();
    expect(sourceOf(inhibitor, 'severity=info,alertname=A,cluster=x')).toBeUndefined();
  });

  it('takes a label that both lack for equal', () => {
    const inhibitor = inhibitorOf([CRITICAL], { 'severity=critical,alertname=A,id=1': undefined });
    expect(sourceOf(inhibitor, 'severity=warning,alertname=A')).toBe('1');
  });

  it('ends with its source, at the time of its end', () => {
    const inhibitor = inhibitorOf([CRITICAL], { 'severity=critical,alertname=A,id=1': 1000 });
    expect(sourceOf(inhibitor, 'severity=warning,alertname=A', 999)).toBe('1');
    expect(sourceOf(inhibitor, 'severity=warning,alertname=A', 1000)).toBeUndefined();
  });

  it('goes on by another source when one ends', () => {
    const inhibitor = inhibitorOf([CRITICAL], {
      'severity=critical,alertname=A,id=1': 1000,
      'severity=critical,alertname=A,id=2': 2000,
    });
    expect(sourceOf(inhibitor, 'severity=warning,alertname=A', 1500)).toBe('2');
    inhibitor.forgetEnded(1500);
    expect(sourceOf(inhibitor, 'severity=warning,alertname=A', 1500)).toBe('2');
    inhibitor.forgetEnded(2000);
    expect(sourceOf(inhibitor, 'severity=warning,alertname=A', 0)).toBeUndefined();
  });

  it('is not of an alert by itself, nor of two by each other', () => {
    const both = rule('severity=~"critical|warning"', 'severity=~"warning|critical"', 'alertname');
    const inhibitor = inhibitorOf([both], { 'severity=critical,alertname=A,id=1': undefined });
    expect(sourceOf(inhibitor, 'severity=critical,alertname=A,id=1')).toBeUndefined();
    expect(sourceOf(inhibitor, 'severity=warning,alertname=A')).toBeUndefined();
    const oneSided = rule('team=a', 'severity=warning');
    const mixed = inhibitorOf([oneSided], { 'team=a,severity=warning,id=1': undefined, 'team=a,id=2': undefined });
    expect(sourceOf(mixed, 'team=a,severity=warning,id=3')).toBe('2');
    expect(sourceOf(mixed, 'severity=warning,id=3')).toBe('1');
  });

  it('is by the first rule that does it', () => {
    const inhibitor = inhibitorOf([rule('a=1', 't=1'), rule('a=~"1|2"', 't=1')], { 'a=2,id=1': undefined });
    expect(inhibitor.inhibitionOf(labelsOf('t=1'), 0)?.rule.name).toBe('a=~"1|2" over t=1');
  });

  it('may compare labels of different names', () => {
    const byNode: InhibitRule = {
      ...rule('alertname=Node', 'alertname=Pod', 'cluster', 'instance'),
      equalOfTarget: ['cluster', 'node'],
    };
    const inhibitor = inhibitorOf([byNode], { 'alertname=Node,cluster=x,instance=n1,id=1': undefined });
    expect(sourceOf(inhibitor, 'alertname=Pod,cluster=x,node=n1')).toBe('1');
    expect(sourceOf(inhibitor, 'alertname=Pod,cluster=x,node=n2')).toBeUndefined();
    expect(sourceOf(inhibitor, 'alertname=Pod,cluster=y,node=n1')).toBeUndefined();
    expect(sourceOf(inhibitor, 'alertname=Pod,cluster=x,instance=n1')).toBeUndefined();
  });
});

import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import { relabel } from '../../src/relabel/relabel.ts';
import { rule, type WrittenRule } from './rules.ts';

type Labels = Readonly<Record<string, string>>;

/** @returns undefined where it is dropped */
function relabeled(labels: Labels, ...rules: readonly WrittenRule[]): Labels | undefined {
  return relabel(LabelSet.of(labels), rules.map(rule))?.toJSON();
}

const abc = { a: 'foo', b: 'bar', c: 'baz' };
const replaced: WrittenRule = { sourceLabels: ['a'], targetLabel: 'd' };

// Cases of Prometheus' own TestRelabel (Apache-2.0).
describe('relabel', () => {
  it('replaces with the groups of a match', () => {
    expect(relabeled(abc, { ...replaced, regex: 'f(.*)', replacement: 'ch${1}-ch${1}' })).toEqual({
      ...abc,
      d: 'choo-choo',
    });
  });

  it('joins source labels, and sees what the rules before have made', () => {
    const rules = [
      { sourceLabels: ['a', 'b'], regex: 'f(.*);(.*)r', targetLabel: 'a', replacement: 'b${1}${2}m' },
      { sourceLabels: ['c', 'a'], regex: '(b).*b(.*)ba(.*)', targetLabel: 'd', replacement: '$1$2$2$3' },
    ];
    expect(relabeled(abc, ...rules)).toEqual({ ...abc, a: 'boobam', d: 'boooom' });
  });

  it('stops at the rule that drops', () => {
    expect(relabeled({ a: 'foo' }, { action: 'drop', sourceLabels: ['a'], regex: '.*o.*' }, replaced)).toBeUndefined();
  });

  it('matches whole values alone', () => {
    const drop = { action: 'drop', sourceLabels: ['a'] } as const;
    expect(relabeled({ a: 'foo' }, { ...drop, regex: 'f|o' })).toEqual({ a: 'foo' });
    expect(relabeled({ a: 'foo' }, { ...drop, regex: 'no-match' })).toEqual({ a: 'foo' });
    expect(relabeled({ a: 'foo' }, { ...drop, regex: 'bar|foo' })).toBeUndefined();
    expect(relabeled({ a: 'foo\nbar' }, { ...drop, regex: 'foo.bar' })).toBeUndefined();
  });

  it('keeps what matches', () => {
    const keep = { action: 'keep', sourceLabels: ['a'] } as const;
    expect(relabeled({ a: 'foo' }, { ...keep, regex: 'f.*' })).toEqual({ a: 'foo' });
    expect(relabeled({ a: 'foo' }, { ...keep, regex: 'no-match' })).toBeUndefined();
    expect(relabeled({ b: 'foo' }, { ...keep, regex: '' })).toEqual({ b: 'foo' });
  });

  it('leaves the target alone where nothing matches', () => {
    expect(relabeled({ a: 'boo', d: 'x' }, { ...replaced, regex: 'f', replacement: 'bar' })).toEqual({
      a: 'boo',
      d: 'x',
    });
  });

  it('sets, and with an empty replacement removes, without a source', () => {
    expect(relabeled({ a: 'foo' }, { targetLabel: 'b', replacement: 'static' })).toEqual({ a: 'foo', b: 'static' });
    expect(relabeled({ a: 'foo', b: 'x' }, { targetLabel: 'b', replacement: '' })).toEqual({ a: 'foo' });
    expect(relabeled({ a: 'foo' }, { sourceLabels: ['missing'], targetLabel: 'a' })).toEqual({});
  });

  it('hashes as Prometheus does, so that shards agree', () => {
    const hashmod = { action: 'hashmod', targetLabel: 'd', modulus: 1000 } as const;
    expect(relabeled(abc, { ...hashmod, sourceLabels: ['c'] })).toEqual({ ...abc, d: '976' });
    expect(relabeled({ a: 'foo\nbar' }, { ...hashmod, sourceLabels: ['a'] })).toEqual({ a: 'foo\nbar', d: '734' });
  });

  it('maps names', () => {
    const labels = { a: 'foo', b1: 'bar', b2: 'baz' };
    expect(relabeled(labels, { action: 'labelmap', regex: '(b.*)', replacement: 'bar_${1}' })).toEqual({
      ...labels,
      bar_b1: 'bar',
      bar_b2: 'baz',
    });
    const meta = { a: 'foo', __meta_my_bar: 'aaa', __meta_my_baz: 'bbb', __meta_other: 'ccc' };
    expect(relabeled(meta, { action: 'labelmap', regex: '__meta_(my.*)', replacement: '${1}' })).toEqual({
      ...meta,
      my_bar: 'aaa',
      my_baz: 'bbb',
    });
  });

  it('lets the last of several win where names are mapped to one', () => {
    const map = { action: 'labelmap', regex: 'b(.)', replacement: 'x' } as const;
    expect(relabeled({ b1: 'one', b2: 'two' }, map)).toEqual({ b1: 'one', b2: 'two', x: 'two' });
    // A label that a rule has set comes after those that were there.
    const set = { targetLabel: 'b1', replacement: 'new' };
    expect(relabeled({ b1: 'one', b2: 'two' }, set, map)).toEqual({ b1: 'new', b2: 'two', x: 'new' });
  });

  it('expands the name of the target', () => {
    const expand = { sourceLabels: ['a'], regex: 'some-([^-]+)-([^,]+)' };
    const labels = { a: 'some-name-value' };
    expect(relabeled(labels, { ...expand, replacement: '${2}', targetLabel: '${1}' })).toEqual({
      ...labels,
      name: 'value',
    });
    expect(relabeled(labels, { ...expand, replacement: '${3}', targetLabel: '${1}' })).toEqual(labels);
    expect(relabeled(labels, { ...expand, replacement: '${1}', targetLabel: '${3}' })).toEqual(labels);
  });

  it('takes a label from a list of tags', () => {
    const tags = { __meta_sd_tags: 'path:/secret,job:some-job,label:foo=bar' };
    const from = { sourceLabels: ['__meta_sd_tags'] };
    expect(
      relabeled(
        tags,
        { ...from, regex: '(?:.+,|^)path:(/[^,]+).*', replacement: '${1}', targetLabel: '__metrics_path__' },
        { ...from, regex: '(?:.+,|^)job:([^,]+).*', replacement: '${1}', targetLabel: 'job' },
        { ...from, regex: '(?:.+,|^)label:([^=]+)=([^,]+).*', replacement: '${2}', targetLabel: '${1}' },
      ),
    ).toEqual({ ...tags, __metrics_path__: '/secret', job: 'some-job', foo: 'bar' });
  });

  it('sets again what a rule before has dropped', () => {
    const port = '__meta_kubernetes_pod_container_port_name';
    const annotation = '__meta_kubernetes_pod_annotation_XXX_metrics_port';
    expect(
      relabeled(
        { [port]: 'foo', [annotation]: '9091' },
        { action: 'labeldrop', regex: `^${port}$` },
        { sourceLabels: [annotation], regex: '(.+)', replacement: 'metrics', targetLabel: port },
        { action: 'keep', sourceLabels: [port], regex: '^metrics$' },
      ),
    ).toEqual({ [annotation]: '9091', [port]: 'metrics' });
  });

  it('drops and keeps labels by name', () => {
    const labels = { a: 'foo', b1: 'bar', b2: 'baz' };
    expect(relabeled(labels, { action: 'labelkeep', regex: '(b.*)' })).toEqual({ b1: 'bar', b2: 'baz' });
    expect(relabeled(labels, { action: 'labeldrop', regex: '(b.*)' })).toEqual({ a: 'foo' });
  });

  it('changes case letter by letter, as Go does', () => {
    const source = { sourceLabels: ['foo'] };
    const upper = { ...source, action: 'uppercase', targetLabel: 'u' } as const;
    const lower = { ...source, action: 'lowercase', targetLabel: 'l' } as const;
    expect(relabeled({ foo: 'bAr123Foo' }, upper, lower)).toEqual({ foo: 'bAr123Foo', u: 'BAR123FOO', l: 'bar123foo' });
    expect(relabeled({ foo: 'Straße ΣΑΣ İ ᾳ' }, upper, lower)).toEqual({
      foo: 'Straße ΣΑΣ İ ᾳ',
      u: 'STRAßE ΣΑΣ İ ᾼ',
      l: 'straße σασ i ᾳ',
    });
  });

  it('compares two labels', () => {
    const labels = { __tmp_port: '1234', __port1: '1234', __port2: '5678' };
    const compare = { sourceLabels: ['__tmp_port'] };
    expect(relabeled(labels, { ...compare, action: 'keepequal', targetLabel: '__port1' })).toEqual(labels);
    expect(relabeled(labels, { ...compare, action: 'keepequal', targetLabel: '__port2' })).toBeUndefined();
    expect(relabeled(labels, { ...compare, action: 'dropequal', targetLabel: '__port1' })).toBeUndefined();
    expect(relabeled(labels, { ...compare, action: 'dropequal', targetLabel: '__port2' })).toEqual(labels);
  });

  it('takes names and values of any UTF-8', () => {
    expect(
      relabeled(
        { 'k8s.pod.name': 'wéb-1' },
        {
          sourceLabels: ['k8s.pod.name'],
          regex: '(?P<base>.é.)-(\\d)',
          replacement: '${base}/$2',
          targetLabel: 'pod.name',
        },
      ),
    ).toEqual({ 'k8s.pod.name': 'wéb-1', 'pod.name': 'wéb/1' });
  });

  it('hands back the very labels that no rule changes', () => {
    const labels = LabelSet.of(abc);
    expect(relabel(labels, [rule({ action: 'keep', sourceLabels: ['a'], regex: 'foo' })])).toBe(labels);
    expect(relabel(labels, [])).toBe(labels);
  });
});

import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import { acceptHeader } from '../../src/scrape/accept-header.ts';
import { offsetSeed, placesFor, scrapeOffsetMs, targetHash } from '../../src/scrape/scrape-offset.ts';
import { labelsBefore, Target } from '../../src/scrape/target.ts';
import { type Labels, publicLabels, targetLabels } from '../../src/scrape/target-labels.ts';
import { rule } from '../relabel/rules.ts';
import { scrapeConfig } from './configs.ts';

const config = scrapeConfig({ params: { target: ['x', 'y'], empty: [] } });

function made(target: Labels, group: Labels = {}): unknown {
  const labels = targetLabels(config, target, group);
  return labels.kind === 'active' ? labels.labels.toJSON() : labels;
}

describe('targetLabels', () => {
  it('fills in what discovery does not say, and drops what is about discovery', () => {
    expect(made({ __address__: 'a:1', zone: 'here' }, { zone: 'there', team: 't', __meta_x: 'y', __tmp: 'z' })).toEqual(
      {
        __address__: 'a:1',
        __always_scrape_classic_histograms__: 'false',
        __convert_classic_histograms_to_nhcb__: 'false',
        __metrics_path__: '/metrics',
        __param_target: 'x',
        __scheme__: 'http',
        __scrape_interval__: '15s',
        __scrape_native_histograms__: 'false',
        __scrape_timeout__: '10s',
        __tmp: 'z',
        instance: 'a:1',
        job: 'shop',
        team: 't',
        zone: 'here',
      },
    );
  });

  it('lets discovery say all of it, and adds no port', () => {
    const found = {
      __address__: 'a',
      __always_scrape_classic_histograms__: 't',
      __convert_classic_histograms_to_nhcb__: 'True',
      __metrics_path__: '/m',
      __param_target: 'p',
      __scheme__: 'https',
      __scrape_interval__: '30s',
      __scrape_native_histograms__: '1',
      __scrape_timeout__: '20s',
      instance: 'i',
      job: 'j',
    };
    expect(made(found)).toEqual(found);
  });

  it.each([
    [{}, 'no address'],
    [{ __address__: 'http://a/b' }, '"http://a/b" is not a valid hostname'],
    [{ __address__: 'a', __scrape_interval__: 'x' }, 'error parsing scrape interval: not a valid duration string: "x"'],
    [{ __address__: 'a', __scrape_interval__: '0s' }, 'scrape interval cannot be 0'],
    [{ __address__: 'a', __scrape_timeout__: 'x' }, 'error parsing scrape timeout: not a valid duration string: "x"'],
    [{ __address__: 'a', __scrape_timeout__: '0s' }, 'scrape timeout cannot be 0'],
    [
      { __address__: 'a', __convert_classic_histograms_to_nhcb__: 'yes' },
      'error parsing convert classic histograms to nhcb: strconv.ParseBool: parsing "yes": invalid syntax',
    ],
    [{ __address__: 'a', __unix_socket__: '/run/a.sock' }, '__unix_socket__ is not supported'],
    [
      { __address__: 'a', __scrape_timeout__: '20s' },
      'scrape timeout cannot be greater than scrape interval ("20s" > "15s")',
    ],
  ])('refuses %o as Prometheus does', (target, reason) => {
    expect(made(target)).toEqual({ kind: 'invalid', reason });
  });

  it('drops a target as relabeling says', () => {
    const keep = rule({ action: 'keep', sourceLabels: ['zone'], regex: 'here' });
    expect(targetLabels(scrapeConfig({ relabel: [keep] }), { __address__: 'a' }, {})).toEqual({ kind: 'dropped' });
  });
});

describe('Target', () => {
  it('has the URL that Go writes, and labels for its samples', () => {
    const found = { __address__: '[::1]:80', __metrics_path__: '/a b?c', __param_target: 'x&y z*', __param_new: '1' };
    const labels = targetLabels(config, found, {});
    if (labels.kind !== 'active') throw new Error(labels.kind);
    const target = new Target(labels.labels, { config, target: found, group: {} });
    expect(target.url).toBe('http://[::1]:80/a%20b%3Fc?new=1&target=x%26y+z%2A&target=y');
    expect(target.publicLabels.toJSON()).toEqual({ instance: '[::1]:80', job: 'shop' });
    expect(publicLabels(target.labels)).toEqual(target.publicLabels);
    expect(labelsBefore(target.discovered).get('__scrape_timeout__')).toBe('10s');
  });
});

describe('acceptHeader', () => {
  it('is what Prometheus sends', () => {
    expect(acceptHeader(config.protocols)).toBe(
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    );
    expect(acceptHeader(['PrometheusProto'])).toBe(
      'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,*/*;q=0.5',
    );
  });
});

describe('scrapeOffsetMs', () => {
  const labels = LabelSet.of({ __address__: 'a:1', job: 'shop' });
  const hash = targetHash(labels, 'http://a:1/metrics');

  const seed = offsetSeed('node-1', LabelSet.of({ cluster: 'c' }));
  const hashes = Array.from({ length: 1000 }, (_, at) =>
    targetHash(LabelSet.of({ __address__: `10.0.0.${at}:1`, job: 'shop' }), `http://10.0.0.${at}:1/metrics`),
  );

  it('is the same place in the interval whenever it is asked for', () => {
    const places = [0, 1, 7_000, 14_999, 15_000, 123_456].map(
      (nowMs) => Math.round(nowMs + scrapeOffsetMs(hash, { seed, intervalMs: 15_000, places: 16 }, nowMs)) % 15_000,
    );
    expect(new Set(places).size).toBe(1);
  });

  it('is another place for another replica', () => {
    const seeds = [offsetSeed('node-1', LabelSet.empty), offsetSeed('node-2', LabelSet.empty)];
    const offsets = seeds.map((one) =>
      hashes.map((each) => scrapeOffsetMs(each, { seed: one, intervalMs: 15_000, places: 16 }, 0)),
    );
    const [ones, others] = offsets.map((all) => new Set(all));
    expect([...(ones ?? [])].filter((each) => others?.has(each))).toEqual([]);
    expect(Math.max(...offsets.flat())).toBeLessThanOrEqual(15_000);
  });

  it('is one of few places, over which targets are spread', () => {
    const places = placesFor(hashes.length);
    const counts = new Map<number, number>();
    for (const each of hashes) {
      const offset = scrapeOffsetMs(each, { seed, intervalMs: 60_000, places }, 0);
      counts.set(offset, (counts.get(offset) ?? 0) + 1);
    }
    expect(places).toBe(64);
    expect(counts.size).toBe(places);
    expect(Math.max(...counts.values())).toBeLessThan(3 * (hashes.length / places));
  });

  it('has the same places for a longer interval among those of a shorter one', () => {
    const at = (intervalMs: number) =>
      new Set(hashes.map((each) => scrapeOffsetMs(each, { seed, intervalMs, places: 16 }, 0)));
    const short = at(15_000);
    expect([...at(30_000)].filter((each) => each < 15_000).every((each) => short.has(each))).toBe(true);
  });

  it.each([
    [0, 16],
    [256, 16],
    [257, 32],
    [10_000, 1024],
  ])('has for %i targets %i places', (targets, places) => {
    expect(placesFor(targets)).toBe(places);
  });

  it('hashes as Prometheus does', () => {
    // Of Go's hash/fnv, New64a: 'node-1{cluster="c"}'.
    expect(offsetSeed('node-1', LabelSet.of({ cluster: 'c' }))).toBe(0x5d793906bfb0b487n);
  });
});

import { describe, expect, it } from 'vitest';
import { MetadataPool } from '../../src/scrape/metadata-pool.ts';
import { TargetMetadata } from '../../src/scrape/target-metadata.ts';

describe('what a target says of its metrics', () => {
  it('is told of each family once, whole', () => {
    const metadata = new TargetMetadata(new MetadataPool());
    expect(
      metadata.keep([
        { family: 'reads', kind: 'help', text: 'How many.' },
        { family: 'reads', kind: 'type', text: 'counter' },
        { family: 'heat', kind: 'type', text: 'gauge' },
      ]),
    ).toEqual([
      { metric: 'reads', type: 'counter', help: 'How many.', unit: '' },
      { metric: 'heat', type: 'gauge', help: '', unit: '' },
    ]);
    expect(metadata.keep([{ family: 'reads', kind: 'unit', text: 'pages' }])).toEqual([
      { metric: 'reads', type: 'counter', help: 'How many.', unit: 'pages' },
    ]);
  });

  it('is one object for all targets that say the same', () => {
    const pool = new MetadataPool();
    const lines = [
      { family: 'reads', kind: 'help', text: 'How many.' },
      { family: 'reads', kind: 'type', text: 'counter' },
    ] as const;
    const [first] = new TargetMetadata(pool).keep(lines);
    const [second] = new TargetMetadata(pool).keep(lines);
    expect(second).toBe(first);
  });
});

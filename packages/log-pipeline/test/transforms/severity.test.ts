import { describe, expect, it } from 'vitest';
import { FLAG_SEVERITY_SHIFT } from '../../src/kernel/layout.ts';
import { Severity } from '../../src/transforms/severity.ts';
import { KERNELS, SIZES } from '../kernel/kernels.ts';
import { batchOf, Counts, extraOf, setExtra } from './harness.ts';

describe.each(KERNELS)('Severity with the %s kernel', (_kind, create) => {
  const cases: [extra: string, message: string, after: string][] = [
    ['', 'ERROR x', '"log.level":"error"'],
    ['', 'nothing', ''],
    ['"level":"WARN","a":1', 'x', '"level":"WARN","a":1,"log.level":"warn"'],
    ['"log.level":"warn"', 'x', '"log.level":"warn"'],
    ['"log.level":"WARN","a":1', 'x', '"log.level":"warn","a":1'],
    ['"log":{"level":"warn"},"level":"warn"', 'x', '"log":{"level":"warn"},"level":"warn","log.level":"warn"'],
    ['"a":1', 'x', '"a":1'],
    ['"a":1', '[notice] x', '"a":1,"log.level":"notice"'],
  ];
  it.each(cases)('of %s and %s', (extra, message, after) => {
    const batch = batchOf(create(), [message]);
    if (extra !== '') setExtra(batch, 0, extra);
    new Severity({}).apply(batch, new Counts().context);
    expect(extraOf(batch, 0)).toBe(after);
  });

  it('takes it from a field of choice, and from nowhere else', () => {
    const batch = batchOf(create(), ['ERROR', 'ERROR', 'ERROR']);
    setExtra(batch, 0, '"app":{"prio":"4"}');
    setExtra(batch, 1, '"app.prio":50,"level":"info"');
    new Severity({ field: 'app.prio' }).apply(batch, new Counts().context);
    expect([0, 1, 2].map((row) => batch.table.flags(row) >> FLAG_SEVERITY_SHIFT)).toEqual([13, 17, 0]);
    expect(extraOf(batch, 0)).toBe('"app":{"prio":"4"},"log.level":"warn"');
  });

  it('gives the rest a default', () => {
    const batch = batchOf(create(), ['x', 'ERROR']);
    new Severity({ default: 'info' }).apply(batch, new Counts().context);
    expect([extraOf(batch, 0), extraOf(batch, 1)]).toEqual(['"log.level":"info"', '"log.level":"error"']);
  });

  it('counts where the arena has no room for the member', () => {
    const batch = batchOf(create({ ...SIZES, arenaBytes: 32 }), ['x']);
    setExtra(batch, 0, '"level":"error","a":1');
    const counts = new Counts();
    new Severity({}).apply(batch, counts.context);
    expect(counts.kept).toEqual({ no_room: 1 });
    expect(extraOf(batch, 0)).toBe('"level":"error","a":1');
    expect(batch.table.flags(0) >> FLAG_SEVERITY_SHIFT).toBe(17);
  });
});

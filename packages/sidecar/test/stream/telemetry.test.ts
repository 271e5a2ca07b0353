import { FakeClock } from '@vigie/core/fake-clock';
import { describe, expect, it } from 'vitest';
import { exposeMetrics } from '../../src/stream/exposition.ts';
import { createQuietLog } from '../../src/stream/quiet-log.ts';
import { STREAM_METRICS } from '../../src/stream/telemetry.ts';

describe('exposeMetrics', () => {
  it("writes Prometheus' text format, values of one series added up", () => {
    const table = {
      lines: { name: 'vigie_lines_total', type: 'counter', help: 'Lines.', labels: ['output', 'why'] },
      up: { name: 'vigie_up', type: 'gauge', help: '1 when\nup.', labels: [] },
    } as const;
    const { contentType, body } = exposeMetrics(table, (report) => {
      report('lines', { output: 'stdout', why: 'a "reason"\\' }, 2);
      report('lines', { output: 'stdout', why: 'a "reason"\\' }, 3);
      report('lines', { output: 'stderr', why: 'b' }, 0);
      report('up', {}, 1.5);
    });
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(body).toBe(
      [
        '# HELP vigie_lines_total Lines.',
        '# TYPE vigie_lines_total counter',
        'vigie_lines_total{output="stdout",why="a \\"reason\\"\\\\"} 5',
        'vigie_lines_total{output="stderr",why="b"} 0',
        '# HELP vigie_up 1 when\\nup.',
        '# TYPE vigie_up gauge',
        'vigie_up 1.5',
        '',
      ].join('\n'),
    );
  });

  it('has names that end in their units', () => {
    const counters = Object.values(STREAM_METRICS).filter(({ type }) => type === 'counter');
    expect(counters.filter(({ name }) => !name.endsWith('_total'))).toEqual([]);
  });
});

describe('createQuietLog', () => {
  it('writes JSON lines from its level on, errors as their messages', () => {
    const lines: string[] = [];
    const log = createQuietLog('warn', new FakeClock(), (line) => lines.push(line));
    log.info('left out');
    log
      .child({ output: 'stdout' })
      .warn('kept', { error: new Error('outer', { cause: new Error('inner') }), bytes: 3 });
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        level: 'warn',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        output: 'stdout',
        bytes: 3,
        error: 'outer: inner',
        message: 'kept',
      },
    ]);
    expect(lines[0]?.endsWith('}\n')).toBe(true);
  });
});

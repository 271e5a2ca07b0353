import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../src/kernel/kernel.ts';
import {
  FLAG_DROPPED,
  FLAG_FRAGMENT,
  FLAG_SEVERITY_MASK,
  FLAG_SEVERITY_SHIFT,
  FLAG_STDERR,
} from '../../src/kernel/layout.ts';
import { SEVERITY_NAMES, SEVERITY_WORDS } from '../../src/kernel/twin/severity.ts';
import { adversarialBytes } from './adversarial-bytes.ts';
import { jsonObjectText } from './json-texts.ts';
import { KERNELS, simdKernel, snapshotRow, twinKernel } from './kernels.ts';
import { putRecords, type TestRecord } from './records.ts';
import { SEEDED } from './seeded.ts';

function severities(kernel: Kernel, records: readonly TestRecord[], fallback = 0): number[] {
  putRecords(kernel, records);
  kernel.findSeverities(0, records.length, fallback);
  return records.map((_, row) => (kernel.table.flags(row) >> FLAG_SEVERITY_SHIFT) & FLAG_SEVERITY_MASK);
}

const TEXTS: [text: string, severity: number][] = [
  ['I1121 10:00:00.123456       1 main.go:12] started', 9],
  ['W1121 10:00:00.123456       1 main.go:12] slow', 13],
  ['E1121 10:00:00.123456       1 main.go:12] INFO', 17],
  ['F1121 10:00:00.123456       1 main.go:12] gone', 21],
  ['A1121 10:00:00.123456 no klog', 0],
  ['2026/11/21 10:00:00 [error] 7#7: *1 open() failed', 17],
  ['2026/11/21 10:00:00 [notice] 7#7: start', 10],
  ['[Sat Nov 21 10:00:00 2026] [core:warn] [pid 7] AH00098', 13],
  ['[Sat Nov 21 10:00:00 2026] [mpm_event:notice] [pid 7]', 10],
  ['2026-11-21T10:00:00 0 [Warning] [MY-010068] [Server] CA', 13],
  ['[ INFO ] ok', 9],
  ['[2026-11-21 10:00:00.000][1][critical][main] envoy', 18],
  ['2026-11-21 10:00:00.000  INFO 1 --- [main] o.s.b.App : up', 9],
  ['10:00:00.000 [main] DEBUG com.example.App - x', 5],
  ['WARNING:root:careful', 13],
  ['INFO:     127.0.0.1:5 - "GET / HTTP/1.1" 200', 9],
  ['[2026-11-21 10:00:00,000: ERROR/MainProcess] Task failed', 17],
  ['[2026-11-21T10:00:00] app.CRITICAL: x [] []', 18],
  ['2026-11-21 10:00:00 UTC [7] FATAL:  no such role', 21],
  ['[10:00:00 INF] Serilog', 9],
  ['info: Microsoft.Hosting.Lifetime[0]', 9],
  ['fail: Microsoft.Kestrel[13]', 17],
  ['Error: Cannot find module', 17],
  ['panic: runtime error: index out of range', 21],
  ['time=2026-11-21T10:00:00Z level=warn msg="x"', 13],
  ['level="error" msg=x', 17],
  ['ts=1 lvl=eror msg=x', 0],
  ['ts=1 lvl=dbug msg=x', 5],
  ['x.level=error', 0],
  ['log.level=error', 17],
  ['sublevel=error', 0],
  ['{"level":"warn","msg":"ERROR"}', 13],
  ['{"msg":"x","level" : "Error"}', 17],
  ['{"level":30,"time":1,"msg":"pino"}', 9],
  ['{"level":4,"_gelf":1}', 13],
  ['{"message":"x","level":400,"level_name":"ERROR"}', 17],
  ['{"log.level":"info"}', 9],
  ['{"LogLevel":"Information"}', 9],
  ['{"severity":"WARNING"}', 13],
  ['{"severityText":"FATAL"}', 21],
  ['{"labels":{"severity":"critical"},"msg":"\\"level\\":\\"error\\""}', 0],
  ['{"labels":{"severity":"critical"},"a":[{"level":"info"}],"level":"debug"}', 5],
  ['{"level":"custom","severity":"error"}', 17],
  ['{"level":null,"severity":"error"}', 17],
  ['{"level":"error"', 17],
  ['  {"level":"error"}', 17],
  ['no error was found, as info goes', 0],
  ['NO_ERROR', 0],
  ['ERRORS', 0],
  ['DEBUG=true', 0],
  ['GET /ERROR HTTP/1.1', 17],
  ['', 0],
  ['ERROR', 17],
  ['x ERR', 17],
  [`${'x'.repeat(255)} ERROR`, 0],
  [`${'x'.repeat(251)} ERROR`, 17],
];

describe.each(KERNELS)('findSeverities of the %s kernel', (_kind, create) => {
  it.each(TEXTS)('%s: %i', (text, severity) => {
    expect(severities(create(), [{ message: Buffer.from(text) }])).toEqual([severity]);
  });

  it('knows every word by every name', () => {
    const kernel = create();
    for (const name of SEVERITY_NAMES) {
      for (const [word, severity] of SEVERITY_WORDS) {
        const records = [
          { message: Buffer.from(`{"${name}":"${word}"}`) },
          { message: Buffer.from(''), extra: `"a":1,"${name.toUpperCase()}":"${word.toUpperCase()}"` },
          { message: Buffer.from(`a=b ${name}=${word}`) },
          { message: Buffer.from(`a=b [${word}]`) },
          { message: Buffer.from(`a=b ${word.toUpperCase()} c`) },
          { message: Buffer.from(`${word}: c`) },
        ];
        expect(severities(kernel, records)).toEqual(records.map(() => severity));
      }
    }
  });

  it('prefers members to the text, and leaves the others to its caller', () => {
    const kernel = create();
    const records = [{ message: Buffer.from('ERROR'), extra: '"level":"info"' }, { message: Buffer.from('ERROR') }];
    expect(severities(kernel, records)).toEqual([9, 17]);
    expect(snapshotRow(kernel, 0).extra).toBe('"level":"info"');
    expect(snapshotRow(kernel, 1).extra).toBe('"log.level":"error"');
  });

  it('has a fallback, and keeps all other flags', () => {
    const kernel = create();
    const records = [
      { message: Buffer.from('x'), flags: FLAG_STDERR },
      { message: Buffer.from('ERROR'), flags: FLAG_DROPPED },
      { message: Buffer.from('ERROR'), flags: FLAG_FRAGMENT },
    ];
    expect(severities(kernel, records, 9)).toEqual([9, 0, 0]);
    expect(kernel.table.flags(0)).toBe(FLAG_STDERR | (9 << FLAG_SEVERITY_SHIFT));
    expect(severities(kernel, [{ message: Buffer.from('WARN'), flags: 21 << FLAG_SEVERITY_SHIFT }])).toEqual([13]);
  });
});

describe('findSeverities', () => {
  it('is the same in both kernels, byte for byte', () => {
    const piece = fc.oneof(
      fc.constantFrom(...SEVERITY_WORDS.keys()),
      fc.constantFrom(...[...SEVERITY_WORDS.keys()].map((word) => word.toUpperCase())),
      fc.constantFrom(...SEVERITY_NAMES, 'LEVEL', 'log\u007flevel', 'log\u000elevel'),
      fc.constantFrom(...'"\'[]{}:=, \t\\_.-aZ09\n', '":"', '","', '{"', '":{', 'E1121 10:00:', '":30'),
      fc.string({ maxLength: 20 }),
    );
    const message = fc.oneof(
      fc.array(piece, { maxLength: 12 }).map((parts) => Buffer.from(parts.join(''))),
      fc.array(piece, { maxLength: 60 }).map((parts) => Buffer.from(parts.join(''))),
      jsonObjectText.map((text) => Buffer.from(text)),
      adversarialBytes,
    );
    const extra = fc.oneof(
      fc.constant(''),
      fc.array(piece, { maxLength: 8 }).map((parts) => parts.join('')),
    );
    const flags = fc.integer({ min: 0, max: 127 });
    const simd = simdKernel();
    const twin = twinKernel();
    fc.assert(
      fc.property(fc.array(fc.record({ message, extra, flags }), { minLength: 1, maxLength: 6 }), (records) => {
        expect(severities(simd, records)).toEqual(severities(twin, records));
        for (const row of records.keys()) expect(snapshotRow(simd, row)).toEqual(snapshotRow(twin, row));
      }),
      { ...SEEDED, numRuns: 5000 },
    );
  });
});

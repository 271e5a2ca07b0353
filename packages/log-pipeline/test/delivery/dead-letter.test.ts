import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type DeadLetter,
  type DeadLetterBody,
  DeadLetterFile,
  encodeDeadLetter,
  readDeadLetters,
} from '../../src/delivery/dead-letter.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'vigie-dead-'));
  path = join(folder, 'dead.ndjson');
});
afterEach(async () => {
  await fs.rm(folder, { recursive: true });
});

function letterOf(lines: string, changed: Partial<DeadLetter> = {}): DeadLetter {
  const timeMs = Date.UTC(2026, 10, 21, 4, 12, 19, 5);
  return { timeMs, sink: 'es', status: 400, error: 'not a "date"', lines: Buffer.from(lines), ...changed };
}

async function readAll(maxBodyBytes = 1_000_000): Promise<{ bodies: DeadLetterBody[]; unreadable: number[] }> {
  const bodies: DeadLetterBody[] = [];
  const unreadable: number[] = [];
  for await (const body of readDeadLetters(path, maxBodyBytes, (line) => unreadable.push(line))) bodies.push(body);
  return { bodies, unreadable };
}

function textOf({ sink, linesPerRecord, records, body }: DeadLetterBody): unknown[] {
  return [sink, linesPerRecord, records, Buffer.from(body).toString()];
}

const action = '{"create":{"_id":"AbC-00000000008d-0123456789abcdef"}}\n';
const document = '{"@timestamp":"2026-11-21T04:12:19Z","message":"a","n":12345678901234567890}\n';

describe('dead letters', () => {
  test('have the documented bytes', () => {
    expect(Buffer.from(encodeDeadLetter(letterOf(document))).toString()).toBe(
      `{"time":"2026-11-21T04:12:19.005Z","sink":"es","status":400,"error":"not a \\"date\\"","record":${document.trim()}}\n`,
    );
    expect(Buffer.from(encodeDeadLetter(letterOf(action + document))).toString()).toBe(
      `{"time":"2026-11-21T04:12:19.005Z","sink":"es","status":400,"error":"not a \\"date\\"","action":${action.trim()},"record":${document.trim()}}\n`,
    );
  });

  test('are read back as bodies that can be sent again, to the last digit', async () => {
    const file = new DeadLetterFile(path, { maxBytes: 1_000_000, keep: 1 }, () => undefined);
    await file.write([letterOf(action + document), letterOf(action + document)]);
    await file.write([letterOf(document, { sink: 'web' })]);
    await file.close();
    const { bodies, unreadable } = await readAll();
    expect(bodies.map(textOf)).toEqual([
      ['es', 2, 2, (action + document).repeat(2)],
      ['web', 1, 1, document],
    ]);
    expect(unreadable).toEqual([]);
  });

  test('make bodies of bounded size', async () => {
    await fs.writeFile(path, Buffer.concat(Array.from({ length: 5 }, () => encodeDeadLetter(letterOf(document)))));
    const { bodies } = await readAll(2 * document.length);
    expect(bodies.map(({ records }) => records)).toEqual([2, 2, 1]);
    expect((await readAll(1)).bodies.map(({ records }) => records)).toEqual([1, 1, 1, 1, 1]);
  });

  test('that a person has mended are taken as they are, and lines that are none are told', async () => {
    const mended = { record: { message: 'mended' }, sink: 'es', note: 'was a date' };
    const lines = [
      JSON.stringify(mended),
      'nonsense',
      '',
      JSON.stringify({ sink: 'es', record: 'no object' }),
      `{"time":"2026-11-21T04:12:19Z","sink":"es","record":{"a":1},"note":{"b":2}}`,
      `  {"time":"x","sink":"es","action":{"create":{}},"record":{"a":1}}  `,
      `{"time":"x","sink":"es","error":",\\"record\\":{}","record":{"a":1.0}}`,
    ];
    await fs.writeFile(path, lines.join('\n'));
    const { bodies, unreadable } = await readAll();
    expect(bodies.map(textOf)).toEqual([
      ['es', 1, 2, '{"message":"mended"}\n{"a":1}\n'],
      ['es', 2, 1, '{"create":{}}\n{"a":1}\n'],
      ['es', 1, 1, '{"a":1.0}\n'],
    ]);
    expect(unreadable).toEqual([2, 4]);
  });

  test('cut error texts that quote a whole record', () => {
    const encoded = encodeDeadLetter(letterOf(document, { error: 'e'.repeat(1_000_000) }));
    expect(encoded.length).toBeLessThan(2_500);
  });

  test('come back byte for byte, whatever the record and the error hold', async () => {
    const value = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue());
    const letter = fc.record({ record: value, error: fc.string({ unit: 'binary' }), action: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(letter, { minLength: 1, maxLength: 10 }), async (letters) => {
        const sent = letters.map(({ record, error, action: withAction }) =>
          letterOf(`${withAction ? action : ''}${JSON.stringify(record)}\n`, { error }),
        );
        await fs.writeFile(path, Buffer.concat(sent.map(encodeDeadLetter)));
        const { bodies, unreadable } = await readAll();
        expect(unreadable).toEqual([]);
        expect(Buffer.concat(bodies.map(({ body }) => body)).toString()).toBe(
          Buffer.concat(sent.map(({ lines }) => lines)).toString(),
        );
      }),
      { numRuns: 50 },
    );
  });
});

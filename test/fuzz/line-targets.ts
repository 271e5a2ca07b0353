/** What reads lines of logs: framing, transforms, and what users write to match them. */
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { compileRegex, RegexError } from '../../packages/core/src/regex/regex.ts';
import { Batch } from '../../packages/log-pipeline/src/batch/batch.ts';
import { decodeDockerRows } from '../../packages/log-pipeline/src/framing/docker.ts';
import { createKernel, type Kernel } from '../../packages/log-pipeline/src/kernel/kernel.ts';
import { FLAG_DROPPED } from '../../packages/log-pipeline/src/kernel/layout.ts';
import { loadKernel } from '../../packages/log-pipeline/src/kernel/load.ts';
import { MULTILINE_PRESETS } from '../../packages/log-pipeline/src/multiline/presets.ts';
import { ParseAuto, parseAutoSchema } from '../../packages/log-pipeline/src/transforms/parse-auto.ts';
import { ParseJson } from '../../packages/log-pipeline/src/transforms/parse-json.ts';
import { ParseLogfmt, parseLogfmtSchema } from '../../packages/log-pipeline/src/transforms/parse-logfmt.ts';
import { ParseRegex, parseRegexSchema } from '../../packages/log-pipeline/src/transforms/parse-regex/parse-regex.ts';
import { PRESET_NAMES } from '../../packages/log-pipeline/src/transforms/parse-regex/presets.ts';
import { Redact, redactSchema } from '../../packages/log-pipeline/src/transforms/redact.ts';
import type { Transform } from '../../packages/log-pipeline/src/transforms/transform.ts';
import { contextOf } from '../../packages/log-pipeline/test/transforms/context.ts';
import { CRI_LINES, DOCKER_LINES, MESSAGES, PATTERNS } from './samples.ts';
import type { Target } from './target.ts';

const SIZES = { inputBytes: 65_536, maxRows: 1024, arenaBytes: 262_144, slots: 1, slotBytes: 65_536 };
const wasm = loadKernel(fileURLToPath(new URL('../../packages/log-pipeline/dist/kernel.wasm', import.meta.url)));

/** The compiled kernel and its twin, which have to agree. */
const kernels: readonly [Kernel, Kernel] = [createKernel({ ...SIZES, wasm }), createKernel(SIZES)];

function agree(onKernel: (kernel: Kernel) => unknown): void {
  const [compiled, twin] = kernels.map((kernel) => JSON.stringify(onKernel(kernel)));
  if (compiled !== twin) throw new Error(`kernels differ: ${compiled} and ${twin}`);
}

/** Rows as JSON, positions apart: the kernels' memories are laid out alike. */
function rowsOf(batch: Batch, rows: number): readonly unknown[] {
  const { table, kernel } = batch;
  const textAt = (start: number, length: number) => kernel.memory.toString('latin1', start, start + length);
  return Array.from({ length: rows }, (_, row) => {
    const extra = kernel.memory.toString('utf8', table.extraStart(row), table.extraStart(row) + table.extraLength(row));
    if (extra.includes('\n')) throw new Error('a newline in extra members');
    if ((table.flags(row) & FLAG_DROPPED) === 0) JSON.parse(`{${extra}}`);
    return [
      textAt(table.timeStart(row), table.timeLength(row)),
      textAt(table.messageStart(row), table.messageLength(row)),
      table.flags(row),
      table.rawBytes(row),
      table.offset(row),
      extra,
    ];
  });
}

/** Frames the bytes as lines without a time of their own: one row for each. */
function framed(kernel: Kernel, bytes: Buffer, how: 'frameLines' | 'frameCri' = 'frameLines'): Batch {
  const batch = new Batch(kernel);
  batch.reset();
  const { input, readTime } = kernel.regions;
  const timeLength = kernel.memory.write('2026-11-21T10:00:00Z', readTime.start, 'latin1');
  bytes.copy(kernel.memory, input.start);
  batch.hold(kernel[how](input.start, bytes.length, 0, readTime.start, timeLength, SIZES.maxRows));
  return batch;
}

/** An instance for each kernel, as a lane has it, kept for all inputs. */
function transformTarget(name: string, iterations: number, create: () => Transform): Target {
  const transforms = new Map(kernels.map((kernel) => [kernel, create()]));
  const log = {};
  return {
    name,
    samples: MESSAGES,
    iterations,
    parse: (input) =>
      agree((kernel) => {
        const batch = framed(kernel, Buffer.concat([input, Buffer.from('\n')]));
        const { rowCount } = batch;
        // Twice: members meet those of an earlier transform, and redaction its own marks.
        transforms.get(kernel)?.apply(batch, contextOf({ log }));
        transforms.get(kernel)?.apply(batch, contextOf({ log }));
        return rowsOf(batch, rowCount);
      }),
  };
}

const section = { inputs: ['pods'] };
const TEXT = Buffer.from('ka é1\u212a b-x@y.de "17" \ud83d\ude00xx');

export const lineTargets: readonly Target[] = [
  {
    name: 'CRI framing',
    samples: CRI_LINES,
    iterations: 20_000,
    parse: (input) =>
      agree((kernel) => {
        const batch = framed(kernel, input, 'frameCri');
        return rowsOf(batch, batch.rowCount);
      }),
  },
  {
    name: 'docker framing',
    samples: DOCKER_LINES,
    iterations: 15_000,
    parse: (input) =>
      agree((kernel) => {
        const batch = framed(kernel, input);
        const counts = decodeDockerRows(kernel, batch.rowCount);
        return [counts, rowsOf(batch, batch.rowCount)];
      }),
  },
  {
    name: 'multiline',
    samples: MESSAGES,
    iterations: 60_000,
    parse(input) {
      for (const rule of Object.values(MULTILINE_PRESETS)) {
        let state = 0;
        for (let from = 0; from <= input.length; ) {
          const newline = input.indexOf(0x0a, from);
          const end = newline === -1 ? input.length : newline;
          const next = rule.next(state, input, from, end);
          if (!Number.isInteger(next)) throw new Error(`state ${next}`);
          state = next < 0 ? ~next : next;
          from = end + 1;
        }
      }
    },
  },
  transformTarget(
    'parse_json',
    5_000,
    () =>
      new ParseJson({ target: '', onError: 'keep', keepMessage: true, reservedNames: ['message', 'stream', 'log'] }),
  ),
  transformTarget('parse_logfmt', 5_000, () => {
    return new ParseLogfmt(v.parse(parseLogfmtSchema, { ...section, type: 'parse_logfmt', bare_keys: true }));
  }),
  transformTarget(
    'parse_auto',
    5_000,
    () => new ParseAuto(v.parse(parseAutoSchema, { ...section, type: 'parse_auto' })),
  ),
  transformTarget('redact', 6_000, () => {
    const presets = ['email', 'card_number', 'ipv4', 'ipv6', 'bearer_token', 'jwt', 'aws_keys'];
    return new Redact(v.parse(redactSchema, { ...section, type: 'redact', presets }));
  }),
  ...PRESET_NAMES.map((preset) =>
    transformTarget(`parse_regex, ${preset}`, 2_000, () => {
      return new ParseRegex(v.parse(parseRegexSchema, { ...section, type: 'parse_regex', preset }));
    }),
  ),
  {
    name: 'regular expressions',
    samples: PATTERNS,
    iterations: 600,
    parse(input) {
      const source = input.subarray(0, 60).toString();
      let regex: ReturnType<typeof compileRegex>;
      try {
        regex = compileRegex(source);
      } catch (error) {
        if (error instanceof RegexError) return;
        throw error;
      }
      const spans = new Int32Array(2 * regex.groupNames.length);
      const found = regex.execBytes(TEXT, 0, TEXT.length, spans);
      // On strings re2js matches; captures are compared with it in core's tests.
      const expected = regex.test(TEXT.toString());
      const tested = regex.testBytes(TEXT, 0, TEXT.length);
      if (found !== expected || tested !== expected)
        throw new Error(`${source}: ${found}, ${tested}; re2js: ${expected}`);
      if (found && spans.some((at) => at < -1 || at > TEXT.length)) throw new Error(`${source}: ${[...spans].join()}`);
    },
  },
];

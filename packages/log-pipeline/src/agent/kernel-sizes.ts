import type { ConfigPath } from '@vigie/core/config/problem';
import { MAX_SHAPE_BYTES } from '../encode/json-lines.ts';
import { recordBound } from '../kernel/kernel.ts';
import { type KernelSizes, kernelBytes, MAX_KERNEL_BYTES } from '../kernel/regions.ts';
import { HEAD_BYTES } from '../tail/head.ts';
import { addedMembersBound } from '../transforms/transform.ts';
import { isTailed, type SourceSection } from './source-section.ts';
import { type Wiring, waysTo } from './wiring.ts';

/** A kernel's fixed memory: what one read, one batch of rows and the requests in flight need. */
const MAX_ROWS = 16_384;
/** Beyond max_line_bytes, for the timestamp, stream and tag before the message. */
const LINE_HEADER_BYTES = 64 * 1024;
/** Of a message that is pushed; what files may have by default. */
export const PUSHED_MESSAGE_BYTES = 1024 * 1024;

interface Requests {
  readonly batch: { readonly max_bytes: number };
  readonly max_in_flight: number;
}

/** @param addingTransforms transforms that may add members to a record */
export function kernelSizes(
  source: SourceSection,
  { batch, max_in_flight: slots }: Requests,
  addingTransforms: number,
): KernelSizes {
  // Members that are pushed may be as long as the message; a first line that is cut must be known by the same bytes in
  // every run.
  const [inputBytes, maxRecordBytes] = isTailed(source)
    ? [Math.max(source.read_bytes, source.max_line_bytes + LINE_HEADER_BYTES, HEAD_BYTES), source.max_line_bytes]
    : [2 * (PUSHED_MESSAGE_BYTES + LINE_HEADER_BYTES), 2 * PUSHED_MESSAGE_BYTES];
  return {
    inputBytes,
    maxRows: MAX_ROWS,
    // Joined messages and decoded entries of one batch, three bytes for one that was invalid; records of several lines,
    // and what was open of each stream before; what transforms add.
    arenaBytes: 4 * inputBytes + 3 * maxRecordBytes + addingTransforms * addedMembersBound(3 * inputBytes),
    slots,
    // A record begins below batch.max_bytes, and the largest has room behind.
    slotBytes:
      batch.max_bytes +
      MAX_SHAPE_BYTES +
      recordBound(maxRecordBytes, addingTransforms * addedMembersBound(maxRecordBytes), LINE_HEADER_BYTES),
  };
}

interface Components extends Wiring {
  readonly sources: Readonly<Record<string, SourceSection>>;
  readonly sinks: Readonly<Record<string, Requests & { readonly inputs: readonly string[] }>>;
}

/** Sinks whose requests in flight take more than a kernel's memory can be. */
export function memoryProblems(config: Components): { readonly path: ConfigPath; readonly expected: string }[] {
  return Object.entries(config.sinks).flatMap(([name, sink]) => {
    const bytes = waysTo(config, sink.inputs).map(({ source, steps }) => {
      const section = config.sources[source];
      // A pod may ask for a parser of its own beside them.
      return section === undefined ? 0 : kernelBytes(kernelSizes(section, sink, steps.length + 1));
    });
    if (Math.max(0, ...bytes) <= MAX_KERNEL_BYTES) return [];
    const expected = `fewer or smaller requests: with batch.max_bytes, max_line_bytes and the transforms they take ${mebibytes(Math.max(...bytes))}, at most ${mebibytes(MAX_KERNEL_BYTES)} are possible`;
    return [{ path: ['sinks', name, 'max_in_flight'], expected }];
  });
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)} MiB`;
}

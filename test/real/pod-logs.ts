/** Numbered lines that lie on the disk before the agent starts, for suites that are about the server. */
import { join } from 'node:path';
import { type ContainerIdentity, ContainerLog, containersGlob } from './container-log.ts';
import type { WriterPlan } from './cri-writer.ts';
import { documentNumber, numberedDocumentFault } from './numbered-document.ts';
import { criLines, numberedLine } from './numbered-line.ts';
import type { Endpoint } from './rest.ts';
import { NumberTally, walk } from './walk.ts';

/** No kubelet rotates these. */
const UNROTATED = { maxSizeBytes: Number.POSITIVE_INFINITY, maxFiles: 5 };
const RECORDS_PER_WRITE = 5000;

export type PodLogs = Pick<
  WriterPlan,
  'root' | 'seed' | 'startMs' | 'from' | 'to' | 'containers' | 'restartContainerAt'
>;

export function containerIdentities(count: number): readonly ContainerIdentity[] {
  return Array.from({ length: count }, (_, index) => ({
    namespace: index % 2 === 0 ? 'shop' : 'kube-system',
    pod: `writer-${index}-7d4b9c6f5d-x${index}abc`,
    podUid: `0f3b6c1e-58a2-4d27-9c40-${String(index).padStart(12, '0')}`,
    container: index % 3 === 0 ? 'app' : 'proxy',
  }));
}

/** Writes `records` numbered lines of three containers below `folder`. */
export function writePodLogs(folder: string, records: number): PodLogs {
  const logs: PodLogs = {
    root: join(folder, 'log'),
    seed: 11,
    startMs: Date.now(),
    from: 0,
    to: records,
    containers: containerIdentities(3),
  };
  const files = logs.containers.map((identity) => new ContainerLog(logs.root, identity, UNROTATED));
  for (const file of files) file.startContainer();
  for (let first = 0; first < records; first += RECORDS_PER_WRITE) {
    const output: Buffer[][] = files.map(() => []);
    for (let n = first; n < Math.min(records, first + RECORDS_PER_WRITE); n += 1) {
      output[n % files.length]?.push(...criLines(numberedLine(n, logs.seed, logs.startMs)));
    }
    for (const [index, file] of files.entries()) file.append(Buffer.concat(output[index] ?? []));
  }
  return logs;
}

/** Writes lines of one container that are not numbered ones. */
export function writeContainer(
  root: string,
  identity: ContainerIdentity,
  messages: readonly (string | Buffer)[],
  startMs = Date.now(),
): void {
  const file = new ContainerLog(root, identity, UNROTATED);
  file.startContainer();
  file.append(
    Buffer.concat(
      messages.flatMap((message, index) => [
        Buffer.from(`${new Date(startMs + index).toISOString().slice(0, -1)}000000Z stdout F `),
        Buffer.from(message),
        Buffer.from('\n'),
      ]),
    ),
  );
}

/** The section of an agent's source that reads them. */
export function podSource(root: string): object {
  return { type: 'kubernetes_logs', paths: [containersGlob(root)], read_from: 'beginning', metadata: 'none' };
}

/** What a full walk found of numbered lines. */
export interface Found {
  readonly documents: number;
  readonly distinct: number;
  readonly repeated: number;
  readonly foreign: number;
  /** Ranges of numbers, the first twenty. */
  readonly missing: readonly string[];
  readonly doubled: readonly string[];
  /** The first five documents that are not what was written. */
  readonly faults: readonly string[];
}

/** What a walk must find when every record is there once. */
export function everyRecordOnce(logs: PodLogs): Found {
  return { documents: logs.to, distinct: logs.to, repeated: 0, foreign: 0, missing: [], doubled: [], faults: [] };
}

/** Reads all that is in a data stream and compares it with what was written. */
export async function findRecords(server: Endpoint, target: string, logs: PodLogs): Promise<Found> {
  const tally = new NumberTally(logs.to);
  const faults: string[] = [];
  const documents = await walk(server, target, (source) => {
    const n = documentNumber(source);
    tally.see(n);
    const fault = n === undefined ? `no record: ${JSON.stringify(source)}` : numberedDocumentFault(logs, n, source);
    if (fault !== undefined && faults.length < 5) faults.push(fault);
  });
  const { distinct, repeated, foreign } = tally;
  return { documents, distinct, repeated, foreign, missing: tally.missing(), doubled: tally.doubled(), faults };
}

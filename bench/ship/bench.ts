/** The agent in the pod: what it takes at rest, and what receiving pushed logs costs it, by protocol.
 *  Options: --quick (few requests, a short rest), --runs N. Anything but a full run is for a look. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type BulkSink, startBulkSink } from '../harness/bulk-sink.ts';
import { type Program, startProgram } from '../harness/child.ts';
import { type BenchContext, progress } from '../harness/context.ts';
import { type Cores, claimCores } from '../harness/cores.ts';
import { replaceSection } from '../harness/docs-section.ts';
import { environment } from '../harness/environment.ts';
import { numberField, parseFields } from '../harness/fields.ts';
import { cpuSecondsOf, type SharedMemory, sharedMemoryOf } from '../harness/proc-stats.ts';
import { median } from '../harness/statistics.ts';
import { markdownTable } from '../harness/table.ts';
import { agentUnderTest, IMAGE_ENV, IMAGE_FLAGS } from '../logs/vigie.ts';
import { startHelper, withFolder } from '../logs/workshop.ts';
import { makeRequests, PROTOCOLS, type Protocol, RECORDS } from './requests.ts';

const FULL = { requests: 1_000, warmUp: 200, runs: 5, restSeconds: 60 };
const QUICK = { requests: 300, warmUp: 50, runs: 1, restSeconds: 5 };
/** Start-up is over, and V8 has collected what it left. */
const SETTLE_SECONDS = 25;
/** As many containers of a pod as push at once. */
const CONNECTIONS = 4;

interface Path {
  readonly protocol: Protocol;
  readonly isBuffered: boolean;
}

interface PushRun {
  readonly records: number;
  readonly messageBytes: number;
  /** From a warm receiver to the sink's last answer. */
  readonly cpuSeconds: number;
  /** Until the last request was answered. */
  readonly seconds: number;
  /** Requests that the receiver answered with 429 or 503. */
  readonly refused: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly peakRssBytes: number;
}

interface Workplace {
  readonly context: BenchContext;
  readonly cores: Cores;
  readonly sink: BulkSink;
}

export async function run(context: BenchContext): Promise<void> {
  const { values } = parseArgs({
    args: [...context.args],
    options: { quick: { type: 'boolean', default: false }, runs: { type: 'string' } },
  });
  const size = values.quick ? QUICK : FULL;
  const runs = Number(values.runs ?? size.runs);
  if (!Number.isInteger(runs) || runs < 1)
    throw new Error(`--runs: expected a number of at least 1, got '${values.runs}'`);
  const cores = claimCores();
  const sink = await startBulkSink(context.program('bulk-sink.process'), cores.sink);
  const place: Workplace = { context, cores, sink };
  try {
    const atRest = await measureRest(place, size.restSeconds);
    const paths: readonly Path[] = [
      ...PROTOCOLS.map((protocol) => ({ protocol, isBuffered: false })),
      { protocol: 'otlp protobuf', isBuffered: true },
    ];
    const results = new Map<Path, PushRun[]>(paths.map((path) => [path, []]));
    for (let round = 1; round <= runs; round++) {
      for (const path of paths) {
        const result = await measurePush(place, path, size);
        results.get(path)!.push(result);
        progress(
          `${nameOf(path)} ${round}/${runs}: ${(result.messageBytes / 1e6 / result.cpuSeconds).toFixed(0)} MB per CPU-second`,
        );
      }
    }
    const { nodeVersion } = agentUnderTest(context.rootDir);
    const about = environment(context.rootDir);
    const markdown = [
      `${about.summary}. Agent on Node ${nodeVersion}. Requests of ${RECORDS} records over ${CONNECTIONS} connections, to a discarding bulk sink; MB of messages, without what stands around them; medians of ${runs}.`,
      restTable(atRest),
      pushTable(results),
    ].join('\n\n');
    console.log(markdown);
    if (values.quick) return;
    mkdirSync(join(context.rootDir, 'bench/results'), { recursive: true });
    const report = {
      environment: about,
      agentNode: nodeVersion,
      atRest,
      pushed: [...results].map(([path, all]) => ({ ...path, runs: all })),
    };
    writeFileSync(join(context.rootDir, 'bench/results/ship.json'), `${JSON.stringify(report, null, 2)}\n`);
    replaceSection(join(context.rootDir, 'docs/benchmarks.md'), 'ship', markdown);
  } finally {
    await sink.close();
  }
}

const nameOf = ({ protocol, isBuffered }: Path): string => (isBuffered ? `${protocol}, disk buffer` : protocol);

/** With a file, both receivers and one sink. */
async function measureRest(place: Workplace, seconds: number): Promise<SharedMemory & { readonly cpuShare: number }> {
  return withFolder(async (folder) => {
    const sidecar = await startShip(place, folder, false);
    try {
      progress(`at rest for ${seconds} s`);
      await setTimeout(SETTLE_SECONDS * 1e3);
      const before = cpuSecondsOf(sidecar.pid);
      await setTimeout(seconds * 1e3);
      return { ...sharedMemoryOf(sidecar.pid), cpuShare: (cpuSecondsOf(sidecar.pid) - before) / seconds };
    } finally {
      await sidecar.end();
    }
  });
}

/** @throws when the sink has another number of records than were pushed: the figures mean nothing then */
async function measurePush(
  place: Workplace,
  { protocol, isBuffered }: Path,
  { requests, warmUp }: { readonly requests: number; readonly warmUp: number },
): Promise<PushRun> {
  const { sink, cores, context } = place;
  return withFolder(async (folder) => {
    const sidecar = await startShip(place, folder, isBuffered);
    try {
      const expectedRecords = (requests + warmUp) * RECORDS;
      await sink.arm({ mode: 'records', expectedRecords, stallMs: 15_000 });
      await sink.watch(sidecar.pid);
      const name = protocol.startsWith('loki') ? 'loki' : 'otlp';
      const [, url = ''] = await sidecar.saying(new RegExp(`listening on (http:\\S+) \\(${name}\\)`));
      const options = { url, pid: sidecar.pid, protocol, requests, warmUp, connections: CONNECTIONS };
      const pusher = startHelper({ sink, cores, program: context.program }, 'pusher.process', options, folder);
      if ((await pusher.exited()) !== 0) throw new Error(`the pusher failed\n${pusher.output()}\n${sidecar.output()}`);
      const settled = await sink.settled();
      const pushed = parseFields(pusher.output());
      if (numberField(settled, 'records') !== expectedRecords)
        throw new Error(
          `${protocol}: ${String(settled.records)} of ${expectedRecords} records arrived\n${sidecar.output()}`,
        );
      return {
        records: requests * RECORDS,
        messageBytes: bytesOf(protocol, requests),
        cpuSeconds: numberField(settled, 'cpuSecondsAtEnd') - numberField(pushed, 'cpuSecondsWhenWarm'),
        seconds: numberField(pushed, 'seconds'),
        refused: numberField(pushed, 'refused'),
        p50Ms: numberField(pushed, 'p50Ms'),
        p99Ms: numberField(pushed, 'p99Ms'),
        peakRssBytes: numberField(settled, 'peakRssBytes'),
      };
    } finally {
      await sidecar.end();
    }
  });
}

/** The pusher begins with the first again after warming up. */
function bytesOf(protocol: Protocol, requests: number): number {
  const sizes = makeRequests(protocol).map(({ messageBytes }) => messageBytes);
  let bytes = 0;
  for (let index = 0; index < requests; index++) bytes += sizes[index % sizes.length]!;
  return bytes;
}

async function startShip({ context, cores, sink }: Workplace, folder: string, isBuffered: boolean): Promise<Program> {
  const { nodePath, bundle } = agentUnderTest(context.rootDir);
  const config = join(folder, 'sidecar.yaml');
  writeFileSync(join(folder, 'app.log'), 'a line that is there at the start\n');
  writeFileSync(config, sidecarYaml(folder, sink.port, isBuffered));
  const sidecar = startProgram({
    command: nodePath,
    args: [...IMAGE_FLAGS, bundle, 'sidecar', 'ship', '--config', config],
    env: {
      ...IMAGE_ENV,
      POD_NAME: 'api-0',
      POD_NAMESPACE: 'shop',
      POD_UID: '0f8fad5b-d9cb-469f-a165-70867728950e',
      NODE_NAME: 'node-1',
    },
    core: cores.agent,
    cwd: folder,
    outputFile: join(folder, 'output'),
  });
  sidecar.release();
  await sidecar.saying(/listening on (http:\S+) \(loki\)/);
  return sidecar;
}

function sidecarYaml(folder: string, sinkPort: number, isBuffered: boolean): string {
  return `data_dir: ${folder}/data
listen: 127.0.0.1:0
sources:
  files: { type: file, paths: ["${folder}/*.log"], read_from: end }
  otlp: { type: otlp, listen: "127.0.0.1:0" }
  loki: { type: loki_push, listen: "127.0.0.1:0" }
sinks:
  es:
    type: elasticsearch
    inputs: [files, otlp, loki]
    endpoints: ["http://127.0.0.1:${sinkPort}"]
    data_stream: logs-kubernetes-default
    compression: deflate
    setup: false
${isBuffered ? '    buffer: { type: disk, max_size: 1GiB }\n' : ''}`;
}

function restTable({
  anonymousBytes,
  pssBytes,
  rssBytes,
  cpuShare,
}: SharedMemory & { readonly cpuShare: number }): string {
  const mb = (bytes: number): string => (bytes / 1e6).toFixed(1);
  return markdownTable(
    ['at rest: a file, two receivers, a sink', 'its own, MB', 'PSS, MB', 'RSS, MB', 'of a core'],
    [['vigie sidecar ship', mb(anonymousBytes), mb(pssBytes), mb(rssBytes), `${(cpuShare * 100).toFixed(2)} %`]],
  );
}

function pushTable(results: ReadonlyMap<Path, readonly PushRun[]>): string {
  return markdownTable(
    [
      'pushed',
      'MB per CPU-second',
      'records per CPU-second',
      'MB/s',
      'answered after, median ms',
      'p99',
      'told to come again',
      'peak RSS, MB',
    ],
    Array.from(results, ([path, runs]) => {
      const of = (value: (run: PushRun) => number): number => median(runs.map(value));
      const perCpuSecond = of(({ messageBytes, cpuSeconds }) => messageBytes / 1e6 / cpuSeconds);
      return [
        nameOf(path),
        perCpuSecond.toFixed(0),
        of(({ records, cpuSeconds }) => records / cpuSeconds).toFixed(0),
        of(({ messageBytes, seconds }) => messageBytes / 1e6 / seconds).toFixed(0),
        of(({ p50Ms }) => p50Ms).toFixed(1),
        of(({ p99Ms }) => p99Ms).toFixed(1),
        of(({ refused }) => refused).toFixed(0),
        (of(({ peakRssBytes }) => peakRssBytes) / 1e6).toFixed(0),
      ];
    }),
  );
}

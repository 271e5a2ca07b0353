/** What a list of thousands of pods costs a client, by how it is decoded: resident memory and CPU of a process that does
 *  nothing else. Shown are medians; every run is saved. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { testPod } from '@vigie/kube/testing/test-pod';
import { startProgram } from '../harness/child.ts';
import { type BenchContext, progress } from '../harness/context.ts';
import { environment } from '../harness/environment.ts';
import { measuredNode } from '../harness/measured-node.ts';
import { median } from '../harness/statistics.ts';
import { markdownTable } from '../harness/table.ts';

const WAYS = ['items', 'whole'] as const;

interface Reading {
  readonly way: string;
  readonly pods: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  readonly addedBytes: number;
}

function listOf(pods: number): Buffer {
  const items = Array.from({ length: pods }, (_, index) => {
    const labels = { app: `web-${index}`, 'app.kubernetes.io/name': 'web', 'pod-template-hash': '5d4f8b9c7' };
    return JSON.stringify(testPod(`web-${index}`, { labels, owner: { kind: 'ReplicaSet', name: `web-${index}` } }));
  });
  return Buffer.from(`{"kind":"PodList","metadata":{"resourceVersion":"7"},"items":[${items.join(',')}]}`);
}

export async function run(context: BenchContext): Promise<void> {
  const { values } = parseArgs({
    args: [...context.args],
    options: {
      runs: { type: 'string', default: '7' },
      pods: { type: 'string', default: '5000' },
      save: { type: 'boolean', default: false },
    },
  });
  const list = listOf(Number(values.pods));
  const empty = listOf(0);
  const server = createServer((request, response) => {
    response.end(request.url?.startsWith('/empty') ? empty : list);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const folder = mkdtempSync(join(tmpdir(), 'vigie-bench-pods-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const { port } = server.address() as AddressInfo;
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}` } }],
      contexts: [{ name: 'c', context: { cluster: 'c' } }],
      'current-context': 'c',
    }),
  );
  const readings: Reading[] = [];
  for (let round = 0; round < Number(values.runs); round++) {
    for (const way of WAYS) {
      const program = startProgram({
        command: measuredNode().nodePath,
        args: [context.program('read.process'), way, kubeconfig],
        core: 0,
        cwd: folder,
        outputFile: join(folder, 'output'),
      });
      program.release();
      if ((await program.exited()) !== 0) throw new Error(program.output());
      readings.push({ way, ...(JSON.parse(program.output()) as Omit<Reading, 'way'>) });
    }
    progress(`round ${round + 1} of ${values.runs}`);
  }
  server.close();
  rmSync(folder, { recursive: true });
  const of = (way: string, pick: (reading: Reading) => number): number =>
    median(readings.filter((reading) => reading.way === way).map(pick));
  console.log(
    markdownTable(
      [
        `${values.pods} pods, ${(list.length / 1e6).toFixed(0)} MB of JSON`,
        'added RSS at most, MB',
        'kept, MB',
        'CPU, s',
      ],
      WAYS.map((way) => [
        way,
        (of(way, ({ peakBytes }) => peakBytes) / 1e6).toFixed(0),
        (of(way, ({ addedBytes }) => addedBytes) / 1e6).toFixed(0),
        of(way, ({ cpuSeconds }) => cpuSeconds).toFixed(2),
      ]),
    ),
  );
  if (!values.save) return;
  mkdirSync(join(context.rootDir, 'bench/results'), { recursive: true });
  const about = environment(context.rootDir);
  const result = { environment: about, pods: Number(values.pods), bytes: list.length, readings };
  writeFileSync(join(context.rootDir, 'bench/results/pod-list.json'), `${JSON.stringify(result, null, 2)}\n`);
}

/** Which core measures what: the agent has one of its own, and the sink, the writers and the harness share another. */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

export interface Cores {
  readonly agent: number;
  readonly sink: number;
}

/** Reads `VIGIE_BENCH_CORES` ("agent,sink", default "0,1") and pins this process to the sink's core. */
export function claimCores(): Cores {
  const [agent, sink] = (process.env.VIGIE_BENCH_CORES ?? '0,1').split(',').map(Number);
  if (
    agent === undefined ||
    sink === undefined ||
    !Number.isInteger(agent) ||
    !Number.isInteger(sink) ||
    agent === sink
  )
    throw new Error(
      `VIGIE_BENCH_CORES: expected two different core numbers such as 0,1, got '${process.env.VIGIE_BENCH_CORES}'`,
    );
  if (availableParallelism() < 2)
    throw new Error('this benchmark needs two cores: one for the agent, one for the sink');
  const pinned = spawnSync('taskset', ['-a', '-cp', String(sink), String(process.pid)], { encoding: 'utf8' });
  if (pinned.error !== undefined || pinned.status !== 0)
    throw new Error(
      `taskset (package util-linux) cannot pin to core ${sink}: ${pinned.stderr ?? pinned.error?.message}`,
    );
  return { agent, sink };
}

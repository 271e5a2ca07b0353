/** On what the figures were measured. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

export interface Environment {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  /** Of the harness and the sink. */
  readonly harnessNode: string;
  readonly commit: string;
  readonly measuredAt: string;
  /** The above in a line. */
  readonly summary: string;
}

export function environment(rootDir: string): Environment {
  const git = (...args: readonly string[]) =>
    spawnSync('git', [...args], { cwd: rootDir, encoding: 'utf8' }).stdout?.trim() ?? '';
  const changed = git('status', '--porcelain', '--untracked-files=no', '--', 'packages') !== '';
  const commit = `${git('rev-parse', '--short=12', 'HEAD') || 'no commit'}${changed ? ' with local changes' : ''}`;
  const cpu =
    /^model name\s*:\s*(.+)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? cpus()[0]?.model ?? 'unknown';
  const measuredAt = new Date().toISOString();
  return {
    cpu,
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    harnessNode: process.version,
    commit,
    measuredAt,
    summary: `${cpu}, ${cpus().length} cores, Linux ${release()}, commit ${commit}, ${measuredAt.slice(0, 10)}`,
  };
}

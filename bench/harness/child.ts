/** Programs under measurement: started on one core, held at the start line until the observer is ready, ended by pid. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { progress } from './context.ts';

export interface ProgramSpec {
  readonly command: string;
  readonly args: readonly string[];
  readonly core: number;
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Its stdout and stderr go here, and the end of it into the error when it fails. */
  readonly outputFile: string;
}

export interface Program {
  readonly pid: number;
  /** Lets the program begin: until then its pid exists, and nothing of it has run. */
  release(): void;
  /** Null while it runs. */
  exitCode(): number | null;
  exited(): Promise<number | null>;
  output(): string;
  /** Resolves with the first match in the output; throws when the program ends before, or says nothing for 30 s. */
  saying(pattern: RegExp): Promise<RegExpExecArray>;
  /** SIGTERM, and SIGKILL when that has not ended it within the grace time. */
  end(graceMs?: number): Promise<void>;
}

export function startProgram(spec: ProgramSpec): Program {
  const outputDescriptor = openSync(spec.outputFile, 'w');
  // The shell waits for a line and then becomes the program under the same pid.
  const child = spawn(
    'sh',
    ['-c', 'read -r _ && exec taskset -c "$0" "$@"', String(spec.core), spec.command, ...spec.args],
    { cwd: spec.cwd, env: { ...process.env, ...spec.env }, stdio: ['pipe', outputDescriptor, outputDescriptor] },
  );
  closeSync(outputDescriptor);
  const { pid } = child;
  if (pid === undefined) throw new Error(`cannot start sh for ${spec.command}`);
  const exited = exitOf(child);
  const output = () => readFileSync(spec.outputFile, 'utf8');
  return {
    pid,
    release: () => child.stdin!.end('\n'),
    exitCode: () => child.exitCode,
    exited: () => exited,
    output,
    async saying(pattern) {
      for (const deadline = performance.now() + 30_000; performance.now() < deadline; await setTimeout(10)) {
        const match = pattern.exec(output());
        if (match !== null) return match;
        if (child.exitCode !== null || child.signalCode !== null) break;
      }
      throw new Error(`${spec.command} never said ${pattern}\n${output().slice(-2000)}`);
    },
    async end(graceMs = 20_000) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const ended = new AbortController();
      const kill = setTimeout(graceMs, undefined, { signal: ended.signal }).then(
        () => child.kill('SIGKILL'),
        () => false,
      );
      await exited;
      ended.abort();
      if (await kill)
        progress(`${spec.command} (pid ${pid}) did not end within ${graceMs} ms of SIGTERM and was killed`);
    },
  };
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  const [code] = await once(child, 'exit');
  return typeof code === 'number' ? code : null;
}

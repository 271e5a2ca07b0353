/** Programs that follow a file and write its lines to their stdout. */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type Program, startProgram } from '../harness/child.ts';
import { agentUnderTest, IMAGE_ENV, IMAGE_FLAGS } from '../logs/vigie.ts';

export interface Streamer {
  readonly name: string;
  readonly version: string;
  readonly env: Readonly<Record<string, string>>;
  /** @param dataDir a folder of its own */
  readonly command: (file: string, dataDir: string) => readonly [program: string, ...args: string[]];
}

/** @param rootDir of the checkout
 *  @param flags of `vigie sidecar stream`, beside file and data directory */
export function vigieStreamer(rootDir: string, name: string, flags: readonly string[]): Streamer {
  const { nodePath, nodeVersion, bundle } = agentUnderTest(rootDir);
  return {
    name,
    version: `node ${nodeVersion}`,
    env: IMAGE_ENV,
    command: (file, dataDir) => {
      const stream = ['sidecar', 'stream', file, '--data-dir', dataDir, ...flags];
      return [nodePath, ...IMAGE_FLAGS, bundle, ...stream];
    },
  };
}

/** `tail -F` of coreutils and of busybox, where they are installed. */
export function tails(): readonly Streamer[] {
  const found: Streamer[] = [];
  const coreutils = spawnSync('tail', ['--version'], { encoding: 'utf8' });
  if (coreutils.status === 0) {
    const version = coreutils.stdout.split('\n', 1)[0] ?? '';
    found.push({ name: 'tail -F', version, env: {}, command: (file) => ['tail', '-q', '-n', '+1', '-F', file] });
  }
  const busybox = spawnSync('busybox', [], { encoding: 'utf8' });
  if (busybox.status === 0) {
    const version = busybox.stdout.split('\n', 1)[0] ?? '';
    found.push({
      name: 'busybox tail -F',
      version,
      env: {},
      command: (file) => ['busybox', 'tail', '-n', '+1', '-F', file],
    });
  }
  return found;
}

/** Starts it with a named pipe as its stdout, held until `release`; it begins once somebody opens the pipe to read. */
export function startStreamer(
  streamer: Streamer,
  file: string,
  folder: string,
  core: number,
): Program & { pipe: string } {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const program = startProgram({
    command: 'sh',
    args: ['-c', 'exec "$@" > "$PIPE"', 'sh', ...streamer.command(file, join(folder, 'data'))],
    env: { ...streamer.env, PIPE: pipe },
    core,
    cwd: folder,
    outputFile: join(folder, 'stderr'),
  });
  return { ...program, pipe };
}

/** `vigie sidecar stream` as users run it: the built command over a folder, its stdout a real pipe. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fifo } from './fifo.ts';

const CLI = join(import.meta.dirname, '../../../cli/dist/vigie.cjs');
const DEADLINE_MS = 30_000;

export interface Sidecar {
  readonly child: ChildProcess;
  readonly stdout: Fifo;
  readonly stderr: () => string;
  readonly exit: Promise<number | null>;
}

export class SidecarBed {
  readonly root = mkdtempSync(join(tmpdir(), 'vigie-sidecar-'));
  readonly logs = join(this.root, 'logs');
  readonly log = join(this.logs, 'app.log');
  readonly #running: Sidecar[] = [];

  constructor() {
    mkdirSync(this.logs);
  }

  /** @param reading whether somebody reads its stdout from the start */
  start(args: readonly string[] = [join(this.logs, '*.log')], { reading = true } = {}): Sidecar {
    const stdout = new Fifo(join(this.root, `stdout-${this.#running.length}`), reading);
    const listen = args.includes('--listen') || args.includes('--config') ? [] : ['--listen', 'off'];
    const child = spawn(
      process.execPath,
      [CLI, 'sidecar', 'stream', '--checkpoint-interval', '20ms', '--drain-quiet', '100ms', ...args, ...listen],
      { stdio: ['ignore', stdout.writeFd, 'pipe'] },
    );
    stdout.closeWriter();
    let text = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    const exit = new Promise<number | null>((resolve) => child.on('close', resolve));
    const sidecar = { child, stdout, stderr: () => text, exit };
    this.#running.push(sidecar);
    return sidecar;
  }

  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + DEADLINE_MS;
    while (!(await condition())) {
      if (performance.now() > deadline) {
        const said = this.#running.map(({ stderr }) => stderr()).join('');
        throw new Error(`not in time: ${what}\n${said}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  async urlOf(sidecar: Sidecar): Promise<string> {
    const pattern = /listening on (\S+) \(http\)/;
    await this.until('a port', () => pattern.test(sidecar.stderr()));
    return pattern.exec(sidecar.stderr())?.[1] ?? '';
  }

  close(): void {
    for (const { child, stdout } of this.#running) {
      child.kill('SIGKILL');
      stdout.close();
    }
    rmSync(this.root, { recursive: true, force: true });
  }
}

export function numbered(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, i) => `line ${from + i}\n`).join('');
}

export function numbersOf(lines: readonly string[]): number[] {
  return lines.map((line) => Number(/^line (\d+)$/.exec(line)?.[1] ?? Number.NaN));
}

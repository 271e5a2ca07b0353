/** `vigie sidecar ship` as users run it: the built command, over a volume of a pod. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CLI = join(import.meta.dirname, '../../../cli/dist/vigie.cjs');
const DEADLINE_MS = 30_000;

export const POD = {
  POD_NAME: 'web-0',
  POD_NAMESPACE: 'shop',
  POD_UID: '1b4e28ba-2fa1-11d2-883f-0016d3cca427',
  POD_IP: '10.1.2.3',
  NODE_NAME: 'n1',
};

export interface Ship {
  readonly child: ChildProcess;
  readonly stderr: () => string;
  readonly stdout: () => string;
  readonly exit: Promise<number | null>;
}

export class ShipBed {
  readonly root = mkdtempSync(join(tmpdir(), 'vigie-ship-'));
  readonly logs = join(this.root, 'logs');
  readonly log = join(this.logs, 'app.log');
  readonly config = join(this.root, 'sidecar.yaml');
  readonly labels = join(this.root, 'labels');
  readonly #running: Ship[] = [];

  constructor() {
    mkdirSync(this.logs);
    writeFileSync(this.labels, 'app="web"\napp.kubernetes.io/part-of="the \\"shop\\""');
  }

  /** @param parts lines of sidecar.yaml: sources, sinks and what a test has of its own */
  configure(parts: string): void {
    writeFileSync(
      this.config,
      `data_dir: ${this.root}/data
listen: 127.0.0.1:0
log_level: info
checkpoint_interval: 20ms
drain_quiet: 100ms
pod: { labels_file: ${this.labels}, container: web }
${parts}`,
    );
  }

  start(
    args: readonly string[] = ['sidecar', 'ship', '--config', this.config],
    env: Readonly<Record<string, string>> = POD,
  ): Ship {
    const child = spawn(process.execPath, [CLI, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    let stderr = '';
    let stdout = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('latin1');
    });
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('latin1');
    });
    const exit = new Promise<number | null>((resolve) => child.on('close', resolve));
    const ship = { child, stderr: () => stderr, stdout: () => stdout, exit };
    this.#running.push(ship);
    return ship;
  }

  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + DEADLINE_MS;
    while (!(await condition())) {
      if (performance.now() > deadline) {
        throw new Error(`not in time: ${what}\n${this.#running.map(({ stderr }) => stderr()).join('')}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Where one of its listeners is. */
  async urlOf(ship: Ship, listener: 'http' | 'otlp' | 'loki'): Promise<string> {
    const pattern = new RegExp(`listening on (\\S+) \\(${listener}\\)`);
    await this.until(`a port for ${listener}`, () => pattern.test(ship.stderr()));
    return pattern.exec(ship.stderr())?.[1] ?? '';
  }

  close(): void {
    for (const { child } of this.#running) child.kill('SIGKILL');
    rmSync(this.root, { recursive: true, force: true });
  }
}

export function numbered(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, i) => `line ${from + i}\n`).join('');
}

export function otlpBody(message: string): string {
  const record = { timeUnixNano: '1763726400000000001', body: { stringValue: message } };
  return JSON.stringify({ resourceLogs: [{ resource: {}, scopeLogs: [{ logRecords: [record] }] }] });
}

export function lokiBody(message: string): string {
  return JSON.stringify({ streams: [{ stream: { job: 'web' }, values: [['1763726400000000001', message]] }] });
}

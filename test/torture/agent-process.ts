import { type ChildProcess, spawn } from 'node:child_process';
import { type Agent, decodeLedger, type LedgerRow } from './agent.ts';

const LISTENING = /listening on (http:\/\/\S+)/;
/** Far beyond what start or drain take on a busy machine: whoever needs longer hangs. */
const DEADLINE_MS = 30_000;
const LAST_WORDS_BYTES = 6_000;

/** The agent as its users run it. */
export class AgentProcess implements Agent {
  readonly #bundle: string;
  readonly #config: string;
  #child: ChildProcess | undefined;
  #exited: Promise<number | null> = Promise.resolve(null);
  #url: Promise<string> = Promise.reject(new Error('not started'));
  #words = '';

  constructor(bundle: string, config: string) {
    this.#bundle = bundle;
    this.#config = config;
    // Nobody may ever ask for it.
    this.#url.catch(() => undefined);
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  start(): void {
    const child = this.#spawn([]);
    this.#child = child;
    this.#url = within(
      'the line "listening on"',
      new Promise((resolve, reject) => {
        let seen = '';
        child.stderr?.on('data', (chunk: Buffer) => {
          if (seen.length > 100_000) return;
          seen += chunk.toString();
          const url = LISTENING.exec(seen)?.[1];
          if (url !== undefined) resolve(url);
        });
        void this.#exited.then((code) => reject(new Error(`the agent ended with ${code} before it listened`)));
      }),
    );
    this.#url.catch(() => undefined);
  }

  async stop(): Promise<number | null> {
    // A process that is not up yet has no handler for the signal.
    await this.#url;
    this.#child?.kill('SIGTERM');
    const code = await within('the end after SIGTERM', this.#exited);
    this.#child = undefined;
    return code;
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  async gone(): Promise<void> {
    await this.#exited;
    this.#child = undefined;
  }

  async ready(): Promise<void> {
    await this.#url;
  }

  reload(): void {
    this.#child?.kill('SIGHUP');
  }

  async once(): Promise<number | null> {
    const child = this.#spawn(['--once']);
    try {
      return await within('the end of --once', this.#exited);
    } finally {
      child.kill('SIGKILL');
    }
  }

  async ledger(): Promise<readonly LedgerRow[]> {
    const response = await fetch(`${await this.#url}/ledger`);
    return decodeLedger(await response.text());
  }

  lastWords(): string {
    return this.#words;
  }

  #spawn(more: readonly string[]): ChildProcess {
    const child = spawn(process.execPath, [this.#bundle, 'node-agent', '--config', this.#config, ...more], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_NAME: 'torture' },
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.#words = (this.#words + chunk.toString()).slice(-LAST_WORDS_BYTES);
      });
    }
    this.#exited = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
    return child;
  }
}

/** @throws {Error} that names what did not come in time */
export async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come within ${DEADLINE_MS} ms`)), DEADLINE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

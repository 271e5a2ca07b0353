import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { within } from '../agent-process.ts';
import { PipeReader, type ReaderProfile } from './pipe-reader.ts';

const LISTENING = /listening on (http:\/\/\S+)/;
const LAST_WORDS_BYTES = 6_000;
const STOP_POLL_MS = 1;

/** One run of the sidecar as the kubelet starts it, and who reads its stdout. */
export class SidecarRun {
  readonly reader: PipeReader;
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #ready: Promise<string>;
  #words = '';

  /** @param fifo path of a pipe that is made anew */
  constructor(bundle: string, config: string, fifo: string, profile: ReaderProfile, line: (line: Buffer) => void) {
    this.reader = new PipeReader(fifo, line);
    this.reader.profile = profile;
    this.#child = spawn(process.execPath, [bundle, 'sidecar', 'stream', '--config', config], {
      stdio: ['ignore', this.reader.writeFd, 'pipe'],
    });
    this.reader.closeWriter();
    this.exited = new Promise((resolve) => this.#child.once('exit', (code) => resolve(code)));
    this.#ready = within(
      'the line "listening on"',
      new Promise((resolve, reject) => {
        this.#child.stderr?.on('data', (chunk: Buffer) => {
          this.#words = (this.#words + chunk.toString('latin1')).slice(-LAST_WORDS_BYTES);
          const url = LISTENING.exec(this.#words)?.[1];
          if (url !== undefined) resolve(url);
        });
        void this.exited.then((code) => reject(new Error(`the sidecar ended with ${code} before it listened`)));
      }),
    );
    this.#ready.catch(() => undefined);
  }

  get lastWords(): string {
    return this.#words;
  }

  ready(): Promise<string> {
    return this.#ready;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** The exit code, with all that it wrote read. */
  async end(): Promise<number | null> {
    const code = await within('the end of the sidecar', this.exited);
    this.reader.readAll();
    this.reader.close();
    return code;
  }

  /** Its reader dies with everything read that the pipe had: what the sidecar may count as taken, somebody has. */
  async loseReader(): Promise<void> {
    const { pid, exitCode } = this.#child;
    if (pid === undefined || exitCode !== null) return;
    this.#child.kill('SIGSTOP');
    while (/^State:\s+(\S)/m.exec(statusOf(pid))?.[1] !== 'T' && this.#child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, STOP_POLL_MS));
    }
    this.reader.readAll();
    this.reader.close();
    this.#child.kill('SIGCONT');
  }

  async metrics(): Promise<string> {
    return (await fetch(`${await this.#ready}/metrics`)).text();
  }
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    // It has ended meanwhile.
    return '';
  }
}

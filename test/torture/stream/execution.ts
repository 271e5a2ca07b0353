/** Plays a scenario of the node agent's torture against `vigie sidecar stream`: its files are an application's, its sink is the
 *  reader of the sidecar's stdout. */
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { corruptCheckpoints } from '../corruption.ts';
import type { Outcome } from '../execution.ts';
import { moment } from '../execution.ts';
import type { FaultProfile } from '../faults.ts';
import type { LogModel } from '../model.ts';
import { NodeLog } from '../node-log.ts';
import { Random } from '../random.ts';
import { type Action, formatAction, type Scenario } from '../scenario.ts';
import { LineArrivals } from './line-arrivals.ts';
import type { ReaderProfile } from './pipe-reader.ts';
import { SidecarRun } from './sidecar-process.ts';

export interface StreamOptions {
  readonly bundle: string;
  readonly deadlineMs: number;
  readonly keep?: ReadonlySet<number>;
  readonly keepFolder: boolean;
}

class Stuck extends Error {}

/** Of any kind that is written here. */
const LONGEST_LINE_BYTES = 1024 * 1024;
const POLL_MS = 10;
/** A reader that died is noticed with the next write; where none comes the runtime kills what it cannot hear. */
const ORPHANED_MS = 300;
const KILL_MOMENT_MS = 30;
/** What trouble of a sink is for a reader. */
const READER: Readonly<Record<FaultProfile, ReaderProfile | 'dead'>> = {
  well: 'well',
  flaky: 'slow',
  busy: 'slow',
  slow: 'slow',
  refusing: 'blocked',
  down: 'blocked',
  broken: 'dead',
  forbidden: 'dead',
};

export async function executeStream(scenario: Scenario, options: StreamOptions): Promise<Outcome> {
  const root = mkdtempSync(join(tmpdir(), `stream-torture-${scenario.seed}-`));
  const outcome = await new StreamExecution(scenario, options, root).run();
  if (outcome.violations.length === 0 || !options.keepFolder) rmSync(root, { recursive: true, force: true });
  return outcome;
}

/** A line is known by its bytes, and what tells docker's from each other stands at their ends: those must not be cut. */
function lineLimit({ settings, logs }: Scenario): number {
  return logs.some(({ format }) => format === 'docker') ? LONGEST_LINE_BYTES : settings.maxLineBytes;
}

class StreamExecution {
  readonly #scenario: Scenario;
  readonly #options: StreamOptions;
  readonly #root: string;
  readonly #logs: NodeLog[];
  readonly #arrivals: LineArrivals;
  readonly #violations: string[] = [];
  readonly #trace: string[] = [];
  readonly #startedMs = performance.now();
  #run: SidecarRun | undefined;
  #runs = 0;
  #profile: ReaderProfile = 'well';
  #variant = 0;
  #rude = false;

  constructor(scenario: Scenario, options: StreamOptions, root: string) {
    this.#scenario = scenario;
    this.#options = options;
    this.#root = root;
    const { maxLineBytes, readBytes } = scenario.settings;
    this.#logs = scenario.logs.map(
      (plan, slot) =>
        // Lines are told apart by their bytes alone: no two logs may write the same ones.
        new NodeLog(
          slot,
          { ...plan, seed: plan.seed ^ (slot << 8) },
          {
            root,
            maxLineBytes,
            readBytes,
            moment,
            beforeDestroying: ({ log }) => this.#beforeDestroying(log),
            destroyed: ({ log }) => this.#arrivals.mayBeTorn(log),
          },
        ),
    );
    this.#arrivals = new LineArrivals(lineLimit(scenario), () => this.#models());
  }

  async run(): Promise<Outcome> {
    this.#writeConfig();
    try {
      for (const [number, action] of this.#scenario.actions.entries()) {
        if (this.#options.keep?.has(number) === false) continue;
        this.#say(`${number}: ${formatAction(action)}`);
        await this.#play(action);
      }
      await this.#end();
    } catch (error) {
      this.#violations.push(error instanceof Stuck ? error.message : `broken off: ${String(error)}`);
    } finally {
      this.#run?.signal('SIGKILL');
      await this.#run?.end();
      for (const log of this.#logs) log.close();
    }
    this.#violations.push(...this.#arrivals.violations.slice(0, 5));
    if (this.#violations.length > 0) {
      for (const log of this.#logs) for (const file of log.describeFiles()) this.#say(`left: ${file}`);
      this.#say(`last words of the sidecar:\n${this.#run?.lastWords ?? ''}`);
      if (this.#options.keepFolder) this.#say(`folder: ${this.#root}`);
    }
    const models = [...this.#models()];
    return {
      violations: this.#violations,
      trace: this.#trace,
      records: this.#arrivals.lines,
      bytes: models.reduce((sum, model) => sum + model.generations.reduce((all, one) => all + one.bytes, 0), 0),
      requests: this.#runs,
    };
  }

  async #play(action: Action): Promise<void> {
    const log = 'log' in action ? this.#logs[action.log % this.#logs.length]! : this.#logs[0]!;
    switch (action.do) {
      case 'append':
        return log.append(action);
      case 'rotate':
        return log.rotate(action);
      case 'replace':
        return log.replace(action);
      case 'restart':
        return log.restart(action);
      case 'remove':
        return log.remove(action);
      case 'destroy':
        this.#rude = true;
        log.destroyOldest();
        this.#rude = false;
        return;
      case 'start':
        return this.#start();
      case 'stop':
        return this.#stop();
      case 'kill':
        if (action.moment !== 'now') await moment(KILL_MOMENT_MS);
        return this.#kill();
      case 'corrupt':
        if (this.#run !== undefined) return;
        if (corruptCheckpoints(this.#dataDir, new Random(action.seed), (what) => this.#say(what)))
          this.#arrivals.forgetSettled();
        return;
      case 'reload':
        return this.#reload(action.bad);
      case 'sink':
        return this.#trouble(READER[action.profile]);
      case 'delivered':
        if (this.#run !== undefined) await this.#awaitArrival(`all of ${log.current.key}`, [log.current]);
        return;
      case 'pause':
        return moment(action.ms);
    }
  }

  get #dataDir(): string {
    return join(this.#root, 'data');
  }

  get #checkpoint(): Buffer | undefined {
    try {
      return readFileSync(join(this.#dataDir, 'stdout.checkpoint'));
    } catch {
      // It was killed before it wrote one.
      return undefined;
    }
  }

  #start(): void {
    if (this.#run !== undefined) return;
    this.#arrivals.begin();
    const fifo = join(this.#root, `stdout-${this.#runs++}`);
    this.#run = new SidecarRun(this.#options.bundle, this.#config, fifo, this.#profile, (line) =>
      this.#arrivals.take(line),
    );
  }

  async #stop(): Promise<void> {
    const run = this.#run;
    if (run === undefined) return;
    // A process that is not up yet has no handler for the signal.
    await run.ready();
    for (const model of this.#models()) this.#arrivals.mayBeTorn(model);
    run.signal('SIGTERM');
    const code = await run.end();
    this.#run = undefined;
    // A reader that hangs or is slow takes longer than the grace time.
    if (code !== 0 && (code !== 1 || this.#profile === 'well'))
      this.#violations.push(`exit: ${code} after SIGTERM\n${run.lastWords}`);
    if (code === 0 && run.reader.rest.length > 0)
      this.#violations.push(`cut: ${run.reader.rest.length} bytes without a newline, though it drained`);
    this.#arrivals.end(code === 0 ? 'clean' : 'killed', this.#checkpoint);
  }

  async #kill(): Promise<void> {
    const run = this.#run;
    if (run === undefined) return;
    run.signal('SIGKILL');
    await run.end();
    this.#run = undefined;
    this.#arrivals.end('killed', this.#checkpoint);
  }

  /** The reader dies: the sidecar ends by itself, as soon as it writes, and is started again. */
  async #loseReader(): Promise<void> {
    const run = this.#run;
    if (run === undefined) return;
    await run.ready();
    await run.loseReader();
    const code = await Promise.race([run.exited, moment(ORPHANED_MS).then(() => undefined)]);
    if (code === undefined) run.signal('SIGKILL');
    else if (code !== 1) this.#violations.push(`exit: ${code} when its reader died\n${run.lastWords}`);
    await run.exited;
    this.#run = undefined;
    this.#arrivals.end('killed', this.#checkpoint);
    this.#start();
  }

  async #trouble(kind: ReaderProfile | 'dead'): Promise<void> {
    if (kind === 'dead') {
      this.#profile = 'well';
      return this.#loseReader();
    }
    this.#profile = kind;
    if (this.#run !== undefined) this.#run.reader.profile = kind;
  }

  async #reload(bad: boolean): Promise<void> {
    if (this.#run === undefined) return;
    await this.#run.ready();
    this.#variant++;
    if (bad) writeFileSync(this.#config, 'files: [what\n');
    else this.#writeConfig();
    this.#run.signal('SIGHUP');
    if (bad) await moment(20);
    this.#writeConfig();
  }

  get #config(): string {
    return join(this.#root, 'sidecar.yaml');
  }

  #writeConfig(): void {
    const { maxOpenFiles, paths } = this.#scenario.settings;
    const pattern = paths === 'containers' ? 'containers/*.log' : 'pods/*/*/*.log';
    writeFileSync(
      `${this.#config}.new`,
      `files: ["${join(this.#root, pattern)}"]
data_dir: ${this.#dataDir}
listen: 127.0.0.1:0
checkpoint_interval: ${this.#variant % 2 === 0 ? '20ms' : '50ms'}
reconcile_interval: 200ms
shutdown_grace: 2s
drain_quiet: 0
max_line_bytes: ${lineLimit(this.#scenario)}
max_open_files: ${maxOpenFiles}
`,
    );
    renameSync(`${this.#config}.new`, this.#config);
  }

  /** The sidecar's chance: it may take its time, but it must come. */
  async #beforeDestroying(model: LogModel): Promise<void> {
    // What a deleted file ends with is emitted as it is.
    this.#arrivals.mayBeTorn(model);
    if (this.#rude || this.#run === undefined) return;
    await this.#awaitArrival(`what ${model.key} had in a generation about to go`, [model]);
  }

  async #awaitArrival(what: string, models: readonly LogModel[]): Promise<void> {
    // One that hangs would never let it come.
    if (this.#profile === 'blocked') await this.#trouble('well');
    let before = this.#arrivals.lines;
    let deadlineMs = performance.now() + this.#options.deadlineMs;
    for (;;) {
      const missing = this.#arrivals.missing(models, false);
      if (missing.length === 0) return;
      if (this.#arrivals.lines > before) deadlineMs = performance.now() + this.#options.deadlineMs;
      before = this.#arrivals.lines;
      if (performance.now() > deadlineMs) throw new Stuck(`stuck: ${what}: ${this.#arrivals.describeMissing(missing)}`);
      await moment(POLL_MS);
    }
  }

  /** Peace: the reader well, the sidecar up; everything must arrive, and the end be clean. */
  async #end(): Promise<void> {
    this.#say('end: the reader is well');
    await this.#trouble('well');
    for (const log of this.#logs) await log.finish();
    this.#start();
    await this.#awaitArrival('at the end', [...this.#models()]);
    await this.#stop();
    const missing = this.#arrivals.missing(this.#models(), true);
    if (missing.length > 0) this.#violations.push(`lost: ${this.#arrivals.describeMissing(missing)}`);
    // Started once more, it has nothing to say.
    const lines = this.#arrivals.lines;
    if (!this.#scenario.settings.onceAtEnd) return;
    this.#start();
    await this.#stop();
    if (this.#arrivals.lines > lines)
      this.#violations.push(`resent: ${this.#arrivals.lines - lines} lines after a clean end`);
  }

  *#models(): Iterable<LogModel> {
    for (const log of this.#logs) yield* log.runs;
  }

  #say(what: string): void {
    this.#trace.push(`${(performance.now() - this.#startedMs).toFixed(0).padStart(6)} ms  ${what}`);
  }
}

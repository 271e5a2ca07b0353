import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Agent, LedgerRow } from './agent.ts';
import { type Layout, layoutOf, writeAgentConfig } from './agent-config.ts';
import { Arrivals } from './arrivals.ts';
import { BulkStore } from './bulk-store.ts';
import { corruptCheckpoints } from './corruption.ts';
import {
  type ArrivedDocument,
  type Generation,
  isEndangered,
  type LogModel,
  type LogRecord,
  openBytes,
} from './model.ts';
import { NodeLog } from './node-log.ts';
import { Random } from './random.ts';
import { type Action, formatAction, type Scenario } from './scenario.ts';
import { SinkServer } from './sink-server.ts';
import { type LedgerFacts, ledgerFaults, linesOf, verdictOf } from './verdict.ts';

export interface Outcome {
  readonly violations: readonly string[];
  /** What was done, and when; printed for a failing case. */
  readonly trace: readonly string[];
  readonly records: number;
  readonly bytes: number;
  readonly requests: number;
}

export interface ExecutionOptions {
  readonly makeAgent: (layout: Layout, scenario: Scenario) => Agent;
  /** How long the agent may take over what it must do, on a busy machine. */
  readonly deadlineMs: number;
  /** Numbers of the actions to execute; all where absent. */
  readonly keep?: ReadonlySet<number>;
  /** Keep the folder of a failing scenario for a look. */
  readonly keepFolder: boolean;
}

/** Thrown where going on makes no sense: what was found so far is the result. */
class Stuck extends Error {}

const POLL_MS = 10;
/** A kill waits this long for the moment it was meant for. */
const KILL_MOMENT_MS = 400;
/** How many missing records a report names. */
const NAMED = 5;

/** Plays one scenario on files of its own, with an agent and a sink of its own. */
export async function execute(scenario: Scenario, options: ExecutionOptions): Promise<Outcome> {
  const root = mkdtempSync(join(tmpdir(), `torture-${scenario.seed}-`));
  const execution = new Execution(scenario, options, layoutOf(root));
  const outcome = await execution.run();
  if (outcome.violations.length === 0 || !options.keepFolder) rmSync(root, { recursive: true, force: true });
  return outcome;
}

class Execution {
  readonly #scenario: Scenario;
  readonly #options: ExecutionOptions;
  readonly #layout: Layout;
  readonly #store: BulkStore;
  readonly #sink: SinkServer;
  readonly #agent: Agent;
  readonly #logs: NodeLog[];
  readonly #arrivals: Arrivals;
  readonly #violations: string[] = [];
  readonly #trace: string[] = [];
  readonly #startedMs = performance.now();
  #variant = 0;
  /** What makes exact figures impossible. */
  #killed = false;
  #restarted = false;
  #reloaded = false;
  #corrupted = false;
  #lossPossible = false;
  /** The next destruction waits for nobody. */
  #rude = false;

  constructor(scenario: Scenario, options: ExecutionOptions, layout: Layout) {
    this.#scenario = scenario;
    this.#options = options;
    this.#layout = layout;
    this.#store = new BulkStore({
      refuses: (document) => scenario.settings.poison && isPoison(document),
      maxBodyBytes: scenario.settings.maxBodyBytes,
    });
    this.#sink = new SinkServer(this.#store, scenario.seed);
    this.#logs = scenario.logs.map(
      (plan, slot) =>
        new NodeLog(slot, plan, {
          root: layout.root,
          maxLineBytes: scenario.settings.maxLineBytes,
          readBytes: scenario.settings.readBytes,
          moment,
          beforeDestroying: (generation) => this.#beforeDestroying(generation),
          destroyed: (generation) => this.#destroyed(generation),
        }),
    );
    this.#arrivals = new Arrivals(this.#store, () => this.#models());
    this.#agent = options.makeAgent(layout, scenario);
  }

  async run(): Promise<Outcome> {
    await this.#sink.start();
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
      if (error instanceof Stuck) this.#say(`ledger: ${JSON.stringify(await this.#agent.ledger())}`);
      this.#violations.push(...this.#store.objections.map((objection) => `objection: ${objection}`).slice(0, NAMED));
      this.#violations.push(...this.#arrivals.unknown.map((one) => `unknown: ${JSON.stringify(one)}`).slice(0, NAMED));
    } finally {
      this.#agent.kill();
      await this.#agent.gone();
      await this.#sink.close();
      for (const log of this.#logs) log.close();
    }
    if (this.#violations.length > 0) {
      for (const log of this.#logs) for (const file of log.describeFiles()) this.#say(`left: ${file}`);
      this.#say(`last words of the agent:\n${this.#agent.lastWords()}`);
      if (this.#options.keepFolder) this.#say(`folder: ${this.#layout.root}`);
    }
    const models = [...this.#models()];
    return {
      violations: this.#violations,
      trace: this.#trace,
      records: models.reduce((sum, model) => sum + model.records.length, 0),
      bytes: models.reduce((sum, model) => sum + model.generations.reduce((all, one) => all + one.bytes, 0), 0),
      requests: this.#sink.requests,
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
        return this.#kill(action.moment);
      case 'corrupt':
        return this.#corrupt(new Random(action.seed));
      case 'reload':
        return this.#reload(action.bad);
      case 'sink':
        this.#sink.profile = action.profile;
        return;
      case 'delivered':
        if (this.#agent.running) await this.#awaitArrival(`all of ${log.current.key}`, log.current.records);
        return;
      case 'pause':
        return moment(action.ms);
    }
  }

  #start(): void {
    if (this.#agent.running) return;
    if (this.#sink.run > 0) this.#restarted = true;
    this.#forget();
    this.#sink.run++;
    this.#agent.start();
  }

  async #stop(): Promise<void> {
    if (!this.#agent.running) return;
    const code = await this.#agent.stop();
    if (code !== 0) this.#violations.push(`exit: ${code} after SIGTERM`);
  }

  async #kill(when: 'now' | 'request' | 'stored'): Promise<void> {
    if (!this.#agent.running) return;
    if (when !== 'now') {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, KILL_MOMENT_MS);
        this.#sink.at(when, () => {
          this.#agent.kill();
          clearTimeout(timer);
          resolve();
        });
      });
    }
    this.#killed = true;
    // That it delivered what is gone may not have been in its checkpoint yet: the next one tells of a loss.
    for (const { generations } of this.#models()) this.#lossPossible ||= generations.some((one) => one.destroyed);
    this.#sink.forgetMoment();
    this.#agent.kill();
    await this.#agent.gone();
  }

  #corrupt(random: Random): void {
    if (this.#agent.running) return;
    this.#corrupted = corruptCheckpoints(this.#layout.dataDir, random, (what) => this.#say(what)) || this.#corrupted;
  }

  async #reload(bad: boolean): Promise<void> {
    if (!this.#agent.running) return;
    await this.#agent.ready();
    this.#variant++;
    if (bad) writeFileSync(this.#layout.config, 'sinks: [what\n');
    else this.#writeConfig();
    this.#agent.reload();
    // What was in flight, or waits for the end of a message, is read once more; a busy agent may miss the bad file.
    this.#reloaded = true;
    this.#forget();
    // A restart needs a file that can be read; the agent has had its look at the bad one or will see this one.
    if (bad) await moment(20);
    this.#writeConfig();
  }

  /** What an agent saw of files that are gone, the next one may not know. */
  #forget(): void {
    for (const { generations } of this.#models()) for (const one of generations) one.goneUnnoticed ||= one.destroyed;
  }

  #writeConfig(): void {
    writeAgentConfig(this.#layout, this.#scenario.settings, this.#sink.url, this.#variant);
  }

  /** The agent's chance: it may take its time, but it must come. */
  async #beforeDestroying(generation: Generation): Promise<void> {
    if (this.#rude || !this.#agent.running) return;
    const records = generation.log.records.filter((record) =>
      record.pieces.some((piece) => piece.generation === generation),
    );
    await this.#awaitArrival(`what ${generation.log.key} had in a generation about to go`, records);
    // A lane of its own, which may be behind the other one, and has no more to read it by.
    if (this.#scenario.settings.secondSink) await this.#awaitCopies(records);
  }

  #destroyed(generation: Generation): void {
    this.#arrivals.absorb();
    let complete = true;
    let seen = false;
    for (const record of generation.log.records) {
      if (!record.pieces.some((piece) => piece.generation === generation)) continue;
      record.arrivedInTime ||= this.#arrivals.has(record);
      complete &&= record.arrivedInTime;
      seen ||= record.arrivedInTime;
    }
    generation.goneUnnoticed = !seen || !this.#agent.running;
    if (!complete || this.#killed || this.#corrupted) this.#lossPossible = true;
  }

  async #awaitArrival(what: string, records: readonly LogRecord[]): Promise<void> {
    if (this.#sink.profile === 'down') this.#sink.profile = 'well';
    const due = records.filter((record) => record.complete && !isEndangered(record));
    await this.#until(
      () => due.every((record) => this.#arrivals.has(record)),
      () => `stuck: ${what}: ${describeMissing(due.filter((record) => !this.#arrivals.has(record)))}`,
      () => this.#arrivals.stored.size + this.#arrivals.refused.size,
    );
  }

  /** @param reached grows while there is progress: then the wait begins anew */
  async #until(
    met: () => boolean | Promise<boolean>,
    report: () => string,
    reached: () => number = () => 0,
  ): Promise<void> {
    let before = reached();
    let deadlineMs = performance.now() + this.#options.deadlineMs;
    for (;;) {
      this.#arrivals.absorb();
      if (await met()) return;
      if (reached() > before) deadlineMs = performance.now() + this.#options.deadlineMs;
      before = reached();
      if (performance.now() > deadlineMs) throw new Stuck(report());
      await moment(POLL_MS);
    }
  }

  /** Peace: all messages ended, the sink well, the agent up; everything must arrive and the books must balance. */
  async #end(): Promise<void> {
    this.#say('end: the sink is well, messages are ended');
    this.#sink.profile = 'well';
    for (const log of this.#logs) await log.finish();
    this.#start();
    const models = [...this.#models()];
    await this.#awaitArrival(
      'at the end',
      models.flatMap((model) => model.records),
    );
    let rows: readonly LedgerRow[] = [];
    const facts = this.#ledgerFacts(models);
    await this.#until(
      async () => {
        rows = await this.#agent.ledger();
        return ledgerFaults(rows, facts).length === 0;
      },
      () => ledgerFaults(rows, facts).join('\n'),
    );
    if (this.#scenario.settings.secondSink) await this.#awaitCopies(models.flatMap((model) => model.records));
    await this.#stop();
    const receivedBefore = this.#store.received;
    const open = models.some((model) => model.hasOpen);
    if (open || this.#scenario.settings.onceAtEnd) {
      this.#say('end: --once');
      this.#sink.run++;
      const code = await this.#agent.once();
      if (code !== 0) this.#violations.push(`exit: ${code} after --once`);
      if (!open && this.#store.received > receivedBefore) {
        this.#violations.push(`resent: ${this.#store.received - receivedBefore} records by --once after a clean end`);
      }
    }
    this.#arrivals.absorb();
    this.#violations.push(
      ...verdictOf({
        scenario: this.#scenario,
        formatOf: (model) => this.#logs.find((log) => log.runs.includes(model))!.plan.format,
        models,
        arrivals: this.#arrivals,
        objections: this.#store.objections,
        ordered: !this.#sink.faulted && this.#scenario.settings.maxInFlight === 1,
        // What follows an open message is not acknowledged before that ends: the run of --once reads it again.
        restarted: this.#restarted || this.#reloaded || open,
        killed: this.#killed,
        layout: this.#layout,
      }),
    );
  }

  async #awaitCopies(records: readonly LogRecord[]): Promise<void> {
    const due = records.filter((record) => record.complete && !isEndangered(record));
    const missing = (): LogRecord[] => {
      const there = new Set(linesOf(this.#layout.secondSink).map((line) => this.#arrivals.recordOfJson(line)));
      return due.filter((record) => !there.has(record));
    };
    await this.#until(
      () => missing().length === 0,
      () => `stuck: the second sink: ${describeMissing(missing())}`,
    );
  }

  #ledgerFacts(models: readonly LogModel[]): LedgerFacts {
    this.#arrivals.absorb();
    const written = models.reduce((sum, model) => sum + model.generations.reduce((all, one) => all + one.bytes, 0), 0);
    return {
      exact: !this.#restarted && !this.#reloaded && !this.#lossPossible,
      lossPossible: this.#lossPossible,
      writtenBytes: written,
      openBytes: openBytes(models),
      models,
      arrivals: this.#arrivals,
    };
  }

  *#models(): Iterable<LogModel> {
    for (const log of this.#logs) yield* log.runs;
  }

  #say(what: string): void {
    this.#trace.push(`${(performance.now() - this.#startedMs).toFixed(0).padStart(6)} ms  ${what}`);
  }
}

export function moment(ms: number): Promise<void> {
  return new Promise((resolve) => (ms === 0 ? setImmediate(resolve) : setTimeout(resolve, ms)));
}

/** Which documents a poisoned sink refuses: about one in thirty, told by what the document says. */
export function isPoison(document: ArrivedDocument): boolean {
  return document.message.length % 31 === 17;
}

export function describeMissing(records: readonly LogRecord[]): string {
  const named = records.slice(0, NAMED).map((record) => {
    const first = record.pieces[0]!;
    const text = Buffer.from(first.line.bytes.subarray(0, 80)).toString();
    return `\n  ${record.log.key} record ${record.order} at ${first.offset} of generation ${record.log.generations.indexOf(first.generation)}: ${JSON.stringify(text)}`;
  });
  return `${records.length} records missing${named.join('')}`;
}

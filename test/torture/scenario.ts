import type { FaultProfile } from './faults.ts';
import { Random } from './random.ts';

/** How one container's log is written and rotated for the whole scenario. */
export interface LogPlan {
  readonly format: 'cri' | 'docker';
  /** kubelet: rename to a timestamp, gzip of older ones. numbered: .1, .2 … copytruncate: copy to .1, truncate. */
  readonly rotation: 'kubelet' | 'numbered' | 'copytruncate';
  /** Live file and rotated ones together, as the kubelet's containerLogMaxFiles. */
  readonly maxFiles: number;
  /** Whether numbered generations from .2 on are compressed. */
  readonly gzip: boolean;
  /** Seed of the facts and of the lines; two logs with one seed write the same bytes. */
  readonly seed: number;
}

export interface Settings {
  readonly paths: 'containers' | 'pods';
  readonly target: 'data_stream' | 'dated_index';
  readonly compression: 'none' | 'gzip';
  readonly maxLineBytes: number;
  /** Documents that the sink refuses for ever with a 400 item. */
  readonly poison: boolean;
  /** A second sink of type file with a cursor of its own. */
  readonly secondSink: boolean;
  readonly maxOpenFiles: number;
  /** Requests under way at once; only one keeps their order. */
  readonly maxInFlight: number;
  readonly batchBytes: number;
  readonly readBytes: number;
  /** The sink never takes a larger body, before compression. */
  readonly maxBodyBytes: number;
  /** A run of --once after the clean end must find nothing to do. */
  readonly onceAtEnd: boolean;
}

/** Log numbers are taken modulo the number of logs, and an action that does not apply (stopping what is
 *  stopped) does nothing: every subset of a scenario's actions is a scenario. */
export type Action =
  | {
      readonly do: 'append';
      readonly log: number;
      readonly seed: number;
      readonly records: number;
      readonly writes: number;
      readonly big: boolean;
      readonly leaveOpen: boolean;
    }
  | {
      readonly do: 'rotate';
      readonly log: number;
      readonly seed: number;
      readonly reopen: 'works' | 'fails';
      readonly lateRecords: number;
      readonly gzipDies: boolean;
    }
  /** Unlinks the live file and creates another under its name at once, so that the inode is reused. */
  | { readonly do: 'replace'; readonly log: number; readonly seed: number }
  | { readonly do: 'restart'; readonly log: number; readonly seed: number }
  /** The pod goes with its folder; another pod takes its place, and probably its inodes. */
  | { readonly do: 'remove'; readonly log: number; readonly seed: number }
  /** Deletes the oldest rotated generation without waiting for anybody. */
  | { readonly do: 'destroy'; readonly log: number }
  | { readonly do: 'start' }
  | { readonly do: 'stop' }
  | { readonly do: 'kill'; readonly moment: 'now' | 'request' | 'stored' }
  | { readonly do: 'corrupt'; readonly seed: number }
  | { readonly do: 'reload'; readonly bad: boolean; readonly seed: number }
  | { readonly do: 'sink'; readonly profile: FaultProfile }
  | { readonly do: 'delivered'; readonly log: number }
  | { readonly do: 'pause'; readonly ms: number };

export interface Scenario {
  readonly seed: number;
  readonly settings: Settings;
  readonly logs: readonly [LogPlan, ...LogPlan[]];
  /** Those before the first `start` happen before there is an agent. */
  readonly actions: readonly Action[];
}

export function generateScenario(seed: number): Scenario {
  const random = new Random(seed * 2_654_435_761);
  const settings: Settings = {
    paths: random.pick(['containers', 'pods']),
    target: random.chance(0.75) ? 'data_stream' : 'dated_index',
    compression: random.chance(0.75) ? 'none' : 'gzip',
    maxLineBytes: random.pick([1_024, 2_000, 4_096, 20_000, 65_536]),
    poison: random.chance(0.4),
    secondSink: random.chance(0.2),
    maxOpenFiles: random.chance(0.2) ? 2 : 256,
    maxInFlight: random.pick([1, 1, 2, 4]),
    batchBytes: random.pick([16_384, 100_000, 1_000_000]),
    readBytes: random.pick([16_384, 65_536, 524_288]),
    maxBodyBytes: random.chance(0.15) ? random.pick([5_000, 50_000]) : 10_000_000,
    onceAtEnd: random.chance(0.3),
  };
  const logs: LogPlan[] = [];
  for (let count = random.int(1, 4); count > 0; count--) logs.push(planLog(random, logs.at(-1)));
  const [first = planLog(random, undefined), ...others] = logs;
  return { seed, settings, logs: [first, ...others], actions: planActions(random) };
}

function planLog(random: Random, before: LogPlan | undefined): LogPlan {
  if (before !== undefined && random.chance(0.15)) return before;
  const format = random.chance(0.7) ? 'cri' : 'docker';
  return {
    format,
    rotation:
      format === 'cri'
        ? random.weighted({ kubelet: 6, numbered: 2, copytruncate: 2 })
        : random.weighted({ numbered: 3, copytruncate: 1 }),
    maxFiles: random.int(3, 5),
    gzip: random.chance(0.5),
    seed: random.seed(),
  };
}

/** What kind of trouble a scenario is about: all kinds at once would rarely let any of them unfold. */
interface Mood {
  readonly faults: boolean;
  readonly restarts: boolean;
  readonly rude: boolean;
}

function planActions(random: Random): Action[] {
  const mood: Mood = {
    faults: random.chance(0.65),
    restarts: random.chance(0.6),
    rude: random.chance(0.12),
  };
  const actions: Action[] = [];
  for (let count = random.int(0, 4); count > 0; count--)
    actions.push(random.chance(0.7) ? append(random) : rotate(random));
  actions.push({ do: 'start' });
  for (let count = random.int(6, 30); count > 0; count--) actions.push(...planStep(random, mood));
  return actions;
}

function planStep(random: Random, mood: Mood): Action[] {
  const log = random.int(0, 11);
  switch (
    random.weighted({
      append: 40,
      rotate: 18,
      replace: 3,
      restart: 4,
      remove: 3,
      destroy: mood.rude ? 6 : 0,
      kill: mood.restarts ? 7 : 0,
      downtime: mood.restarts ? 6 : 0,
      reload: 2,
      sink: mood.faults ? 12 : 0,
      delivered: 3,
      pause: 12,
    })
  ) {
    case 'append':
      return [append(random)];
    case 'rotate':
      return [rotate(random)];
    case 'replace':
      return [{ do: 'replace', log, seed: random.seed() }, append(random, log)];
    case 'restart':
      return [{ do: 'restart', log, seed: random.seed() }];
    case 'remove':
      return [{ do: 'remove', log, seed: random.seed() }];
    case 'destroy':
      return [{ do: 'destroy', log }];
    case 'kill':
      return [append(random), kill(random), ...downtime(random, 0.5), { do: 'start' }];
    case 'downtime':
      return [{ do: 'stop' }, ...downtime(random, 1), { do: 'start' }];
    case 'reload':
      return [{ do: 'reload', bad: random.chance(0.3), seed: random.seed() }];
    case 'sink':
      return [
        {
          do: 'sink',
          profile: random.weighted<FaultProfile>({
            flaky: 4,
            busy: 3,
            refusing: 2,
            broken: 1,
            slow: 2,
            down: 2,
            forbidden: 1,
            well: 2,
          }),
        },
      ];
    case 'delivered':
      return [{ do: 'delivered', log }];
    case 'pause':
      return [{ do: 'pause', ms: random.int(1, 60) }];
  }
}

/** What happens on the node while no agent runs; rotations here must be read from their .gz later. */
function downtime(random: Random, likelihood: number): Action[] {
  if (!random.chance(likelihood)) return [];
  const actions: Action[] = [];
  const log = random.int(0, 11);
  for (let count = random.int(0, 5); count > 0; count--) {
    const where = random.chance(0.7) ? log : undefined;
    actions.push(random.chance(0.55) ? append(random, where) : rotate(random, where));
  }
  if (random.chance(0.15)) actions.push({ do: 'replace', log, seed: random.seed() }, append(random, log));
  if (random.chance(0.1)) actions.push({ do: 'restart', log, seed: random.seed() });
  if (random.chance(0.15)) actions.push({ do: 'corrupt', seed: random.seed() });
  return actions;
}

function append(random: Random, log = random.int(0, 11)): Action {
  const big = random.chance(0.08);
  return {
    do: 'append',
    log,
    seed: random.seed(),
    records: !big && random.chance(0.1) ? random.int(50, 400) : random.int(1, 30),
    writes: random.chance(0.5) ? 1 : random.int(2, 6),
    big,
    leaveOpen: random.chance(0.15),
  };
}

function rotate(random: Random, log = random.int(0, 11)): Action {
  return {
    do: 'rotate',
    log,
    seed: random.seed(),
    reopen: random.chance(0.12) ? 'fails' : 'works',
    lateRecords: random.chance(0.5) ? 0 : random.int(1, 5),
    gzipDies: random.chance(0.08),
  };
}

function kill(random: Random): Action {
  return { do: 'kill', moment: random.pick(['now', 'request', 'stored']) };
}

/** One line of a printed case. */
export function formatAction(action: Action): string {
  const { do: verb, ...rest } = action;
  const details = Object.entries(rest).map(([key, value]) => `${key}=${String(value)}`);
  return [verb, ...details].join(' ');
}

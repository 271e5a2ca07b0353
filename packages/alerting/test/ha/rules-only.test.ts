/** Replicas of a service whose alerts go to Alertmanagers: one of them evaluates a group at a time, and whichever does goes on from the state of its
 *  alerts. */
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { type Clock, sleepOn } from '@vigie/core/clock';
import { createLog } from '@vigie/core/log';
import { seededRandom } from '@vigie/core/random';
import { Engine } from '@vigie/promql/evaluate/engine';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { MemoryStorage } from '@vigie/promql/storage/memory-storage';
import { engineQuery } from '@vigie/rules/query';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadAlertingConfig } from '../../src/config/alerting-config-file.ts';
import { loadAlertingRules } from '../../src/rules/alerting-rules.ts';
import { AlertingService } from '../../src/service.ts';
import { folderWith } from '../folder.ts';
import { MINUTE, SECOND } from '../lab.ts';
import { type Recorder, record } from '../receivers/recorder.ts';
import { MemoryFs } from '../state/memory-fs.ts';
import { CuttableLink } from './cuttable-link.ts';
import { kubeconfigOf, Replicas } from './replicas.ts';

const INTERVAL_MS = 15 * SECOND;
const HOLD_MS = 2 * MINUTE;
/** At whole multiples of the interval, so that it is known when. */
const RULES = `groups:
  - name: g
    interval: 15s
    eval_offset: 0s
    rules:
      - { alert: High, expr: a > 5, for: 2m, keep_firing_for: 1m }
`;

interface SentAlert {
  readonly by: string;
  readonly startsAtMs: number;
  readonly isResolved: boolean;
}

interface Life {
  /** A replica whose disk it has. */
  readonly dataOf?: RulesOnly;
  /** Its rule file; that of all unless given. */
  readonly rules?: string;
}

class Bed {
  readonly world: Replicas;
  readonly storage = new MemoryStorage();
  readonly services = new Map<string, RulesOnly>();
  /** The same path at all: a group is known by it. */
  readonly rules: string;

  constructor(world: Replicas, rules: string) {
    this.world = world;
    this.rules = rules;
  }

  static async open(names: readonly string[]): Promise<Bed> {
    const folder = await folderWith({ 'rules.yml': RULES });
    const bed = new Bed(await Replicas.start([]), join(folder, 'rules.yml'));
    for (const name of names) await bed.add(name);
    return bed;
  }

  async add(name: string, life: Life = {}): Promise<RulesOnly> {
    const one = new RulesOnly(name, this);
    this.services.set(name, one);
    await one.start(life);
    return one;
  }

  /** What the rule sees from now on. */
  sample(value: number): void {
    const samples = [{ timestampMs: this.world.clock.nowMs(), value, startTimestampMs: 0 }];
    this.storage.append(LabelSet.of({ __name__: 'a' }), samples);
  }

  after(ms: number): Promise<void> {
    return this.world.after(ms, SECOND);
  }

  async owner(): Promise<RulesOnly> {
    for (let seconds = 0; seconds < 60; seconds++) {
      for (const one of this.services.values()) if (await one.isOwner()) return one;
      await this.after(SECOND);
    }
    throw new Error('nobody evaluates the rules');
  }

  other(one: RulesOnly): RulesOnly {
    const other = [...this.services.values()].find((candidate) => candidate !== one && !candidate.isDead);
    if (other === undefined) throw new Error('there is no other');
    return other;
  }

  sent(): readonly SentAlert[] {
    return [...this.services.values()].flatMap((one) => one.sent());
  }
}

class RulesOnly {
  readonly name: string;
  isDead = false;
  fs = new MemoryFs();
  folder = '';
  /** What its heartbeats are told to. */
  beats: Recorder = { url: '', requests: [] };
  readonly link: CuttableLink;
  readonly #bed: Bed;
  #alertmanager: Recorder | undefined;
  #service: AlertingService | undefined;

  constructor(name: string, bed: Bed) {
    this.name = name;
    this.#bed = bed;
    this.link = new CuttableLink(bed.world.api.url);
  }

  async start({ dataOf, rules = this.#bed.rules }: Life): Promise<void> {
    const { world, storage } = this.#bed;
    this.#alertmanager = await record();
    this.beats = await record();
    const kubeconfig = await kubeconfigOf(await this.link.start());
    this.folder = await folderWith();
    if (dataOf !== undefined) {
      const files = [...dataOf.fs.contents()];
      this.fs = new MemoryFs(new Map(files.map(([path, bytes]) => [path.replace(dataOf.folder, this.folder), bytes])));
    }
    await writeFile(
      join(this.folder, 'alerting.yaml'),
      `data_dir: data
alertmanagers: ['${this.#alertmanager.url}']
heartbeats: [{ url: '${this.beats.url}', interval: 15s }]
rule_files: ['${rules}']
rules: { watch: false }
operator_objects: { mode: 'off' }
datasources: { metrics: { url: 'http://127.0.0.1:1' } }
ha: { type: kubernetes, name: alerts, replica: ${this.name}, shards: 1, kubeconfig: ${kubeconfig} }
`,
    );
    const { config } = await loadAlertingConfig(join(this.folder, 'alerting.yaml'), {});
    const service = new AlertingService(
      { config, groups: await loadAlertingRules(config), integrationsOf: () => [] },
      { prefix: '', self: () => ({ name: this.name, address: '' }) },
      {
        clock: this.#clock(),
        random: seededRandom(this.name.charCodeAt(0)),
        log: createLog('error', { write: () => undefined }),
        env: {},
        version: '1.2.3',
        stateFs: this.fs,
        source: {
          query: engineQuery(new Engine(), storage),
          append: async (samples) => samples.map(() => undefined),
          restoreFrom: new MemoryStorage(),
        },
      },
    );
    this.#service = service;
    onTestFinished(() => {
      this.kill();
      // Its time stands still: nobody waits for it.
      void service.close({ graceMs: 0 });
    });
    let isStarted = false;
    const starting = service.start().then(() => {
      isStarted = true;
    });
    await world.until(() => isStarted);
    await starting;
  }

  async isOwner(): Promise<boolean> {
    if (this.isDead || this.#service === undefined) return false;
    return (await this.metric('vigie_alerting_ha_shards{owner="self"}')) === '1';
  }

  /** @param series as the exposition has it */
  async metric(series: string): Promise<string | undefined> {
    const lines = (await this.#service?.expose())?.body.split('\n') ?? [];
    return lines.find((line) => line.startsWith(`${series} `))?.slice(series.length + 1);
  }

  /** As `/api/v1/rules` has them. */
  async rules(): Promise<unknown> {
    const server = createServer((incoming, outgoing) => this.#service?.serve(incoming, outgoing));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/rules`, { headers: { connection: 'close' } });
    server.close();
    return answer.json();
  }

  sent(): readonly SentAlert[] {
    const bodies = this.#alertmanager?.requests.map(({ body }): unknown => JSON.parse(body)) ?? [];
    return bodies.flat().map((alert) => {
      const [startsAt, endsAt] = ['startsAt', 'endsAt'].map((key) =>
        Date.parse(String(Reflect.get(Object(alert), key))),
      );
      return { by: this.name, startsAtMs: startsAt ?? 0, isResolved: (endsAt ?? 0) <= this.#bed.world.clock.nowMs() };
    });
  }

  /** As SIGKILL. */
  kill(): void {
    this.isDead = true;
    this.link.close();
  }

  /** As SIGTERM. */
  async close(): Promise<void> {
    let isClosed = false;
    void this.#service?.close({ graceMs: SECOND }).then(() => {
      isClosed = true;
    });
    await this.#bed.world.until(() => isClosed);
    this.kill();
  }

  #clock(): Clock {
    const { clock } = this.#bed.world;
    const own: Clock = {
      nowMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs(),
      setTimer: (delayMs, fire) => clock.setTimer(delayMs, () => this.isDead || fire()),
      sleep: (delayMs, signal) => sleepOn(own, delayMs, signal),
    };
    return own;
  }
}

/** @returns when the next evaluation is, Unix ms */
const nextEvaluation = (bed: Bed): number => Math.ceil((bed.world.clock.nowMs() + 1) / INTERVAL_MS) * INTERVAL_MS;

describe('two replicas with rules alone', () => {
  it.each([
    'killed',
    'closed',
  ] as const)('send an alert once, when its time is over, whoever began it: owner %s', async (end) => {
    const bed = await Bed.open(['a', 'b']);
    const owner = await bed.owner();
    bed.sample(10);
    const activeAtMs = nextEvaluation(bed);
    await bed.after(MINUTE);
    if (end === 'killed') owner.kill();
    else await owner.close();
    await bed.after(MINUTE + 20 * SECOND);
    const other = bed.other(owner);
    expect(bed.sent()).toEqual([{ by: other.name, startsAtMs: activeAtMs + HOLD_MS, isResolved: false }]);
    // keep_firing_for goes over to another, too.
    bed.sample(1);
    await bed.after(30 * SECOND);
    const next = await bed.add(owner.name, { dataOf: owner });
    await bed.after(3 * SECOND);
    other.kill();
    await bed.after(MINUTE);
    const resolved = bed.sent().filter(({ isResolved }) => isResolved);
    expect(resolved.at(-1)).toMatchObject({ by: next.name, startsAtMs: activeAtMs + HOLD_MS });
  });

  it('both say that alerts get through, each for the groups that it evaluates, also when those change', async () => {
    const bed = await Bed.open(['a', 'b']);
    const owner = await bed.owner();
    const other = bed.other(owner);
    await bed.after(3 * MINUTE);
    for (const { beats } of [owner, other]) expect(beats.requests.length).toBeGreaterThanOrEqual(12);
    await owner.close();
    const before = other.beats.requests.length;
    await bed.after(2 * MINUTE);
    expect(other.beats.requests.length - before).toBeGreaterThanOrEqual(8);
  });

  it('both show the alerts of a rule, whichever evaluates it', async () => {
    const bed = await Bed.open(['a', 'b']);
    const owner = await bed.owner();
    bed.sample(10);
    await bed.after(MINUTE);
    const shown = { data: { groups: [{ rules: [{ alerts: [{ state: 'pending' }] }] }] } };
    for (const one of [owner, bed.other(owner)]) expect(await one.rules()).toMatchObject(shown);
    bed.sample(1);
    await bed.after(MINUTE);
    const over = { data: { groups: [{ rules: [{ alerts: [] }] }] } };
    for (const one of [owner, bed.other(owner)]) expect(await one.rules()).toMatchObject(over);
  });

  it('see where another one has its rule files elsewhere', async () => {
    const bed = await Bed.open(['a', 'b']);
    await bed.owner();
    const [a, b] = [...bed.services.values()];
    await bed.after(5 * SECOND);
    expect(await a?.metric('vigie_alerting_ha_differing_replicas')).toBe('0');
    await bed.add('c', { rules: join(await folderWith({ 'rules.yml': RULES }), 'rules.yml') });
    await bed.after(5 * SECOND);
    expect(await a?.metric('vigie_alerting_ha_differing_replicas')).toBe('1');
    expect(await b?.metric('vigie_alerting_ha_differing_replicas')).toBe('1');
  });

  it('begin no alert with what one of them knew of an earlier one', async () => {
    const bed = await Bed.open(['a', 'b']);
    const owner = await bed.owner();
    bed.sample(10);
    await bed.after(MINUTE);
    owner.kill();
    await bed.after(10 * SECOND);
    // It is over before it fires, at the other.
    bed.sample(1);
    await bed.after(MINUTE);
    const other = bed.other(owner);
    await bed.add(owner.name, { dataOf: owner });
    await bed.after(5 * SECOND);
    bed.sample(10);
    const activeAtMs = nextEvaluation(bed);
    await bed.after(MINUTE);
    other.kill();
    await bed.after(MINUTE + 20 * SECOND);
    expect(bed.sent()).toEqual([{ by: owner.name, startsAtMs: activeAtMs + HOLD_MS, isResolved: false }]);
  });

  it('both evaluate, and both send, while the API server is gone', async () => {
    const bed = await Bed.open(['a', 'b']);
    await bed.owner();
    bed.sample(10);
    const activeAtMs = nextEvaluation(bed);
    await bed.after(30 * SECOND);
    await bed.world.api.stop();
    await bed.after(HOLD_MS);
    const startsAtMs = activeAtMs + HOLD_MS;
    expect(new Set(bed.sent().map((alert) => JSON.stringify(alert)))).toEqual(
      new Set(['a', 'b'].map((by) => JSON.stringify({ by, startsAtMs, isResolved: false }))),
    );
    await bed.world.api.listen();
    await bed.owner();
  });
});

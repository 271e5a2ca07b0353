import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Line, LineSource } from './lines.ts';
import { type Generation, LogModel } from './model.ts';
import { Random } from './random.ts';
import type { Action, LogPlan } from './scenario.ts';

export interface NodeLogDeps {
  /** Folder with `pods`, `containers` and `docker`. */
  readonly root: string;
  readonly maxLineBytes: number;
  readonly readBytes: number;
  /** A moment in which the agent may see the state between two steps. */
  readonly moment: (ms: number) => Promise<void>;
  /** The last file with these bytes is about to go: the agent may be given its chance first. */
  readonly beforeDestroying: (generation: Generation) => Promise<void>;
  readonly destroyed: (generation: Generation) => void;
}

interface RunPaths {
  readonly links: readonly string[];
  readonly live: string;
}

type Of<D extends Action['do']> = Extract<Action, { readonly do: D }>;

/** One container's log on the node, written by a runtime and rotated by a kubelet (or by what rotates
 *  application files), step by step in their order, with the model kept beside it.
 *  Source of the order: kubernetes pkg/kubelet/logs/container_log_manager.go. */
export class NodeLog {
  readonly plan: LogPlan;
  /** All container runs so far; the last one is alive. */
  readonly runs: LogModel[] = [];
  readonly #deps: NodeLogDeps;
  readonly #slot: number;
  readonly #files = new Map<string, Generation>();
  #lines: LineSource;
  #pods = 0;
  #restart = 0;
  #stamps = 0;
  #live = { fd: -1, path: '' };
  /** Of the runs that are not cleaned up yet. */
  #runPaths: RunPaths[] = [];

  constructor(slot: number, plan: LogPlan, deps: NodeLogDeps) {
    this.#slot = slot;
    this.plan = plan;
    this.#deps = deps;
    this.#lines = this.#newLines();
    this.#startRun();
  }

  get current(): LogModel {
    return this.runs.at(-1)!;
  }

  async append(action: Of<'append'>): Promise<void> {
    const random = new Random(action.seed);
    const { records, big, leaveOpen } = action;
    const lines = this.#lines.produce(random, { records, big, leaveOpen, atFileStart: this.#atDockerStart });
    const tear = leaveOpen && random.chance(0.4) ? random.int(1, Math.max(1, lines.at(-1)!.bytes.length - 1)) : 0;
    await this.#write(random, lines, tear, action.writes);
  }

  async rotate(action: Of<'rotate'>): Promise<void> {
    if (this.#generation.bytes === 0) return;
    switch (this.plan.rotation) {
      case 'kubelet':
        return this.#rotateAsKubelet(action);
      case 'numbered':
        return this.#rotateByNumbers(action);
      case 'copytruncate':
        return this.#copyTruncate(action);
    }
  }

  async replace(action: Of<'replace'>): Promise<void> {
    const random = new Random(action.seed);
    this.#mend();
    const { path } = this.#live;
    await this.#beforeLosing(path);
    this.#closeWriter();
    this.#unlink(path);
    this.#open(path);
    await this.#pause(random);
  }

  /** The container dies, perhaps in the middle of a line, and runs again with the next number. The kubelet
   *  keeps the logs of one dead container. */
  async restart(action: Of<'restart'>): Promise<void> {
    const random = new Random(action.seed);
    this.#closeWriter();
    this.#restart++;
    this.#lines.died();
    this.#startRun();
    await this.#pause(random);
    while (this.#runPaths.length > 2) await this.#clean(this.#runPaths.shift()!);
  }

  async remove(action: Of<'remove'>): Promise<void> {
    const random = new Random(action.seed);
    this.#closeWriter();
    const gone = this.#runPaths;
    this.#runPaths = [];
    for (const paths of gone) await this.#clean(paths);
    rmdirSync(this.#podFolder('app'));
    rmdirSync(this.#podFolder());
    this.#pods++;
    this.#restart = 0;
    this.#lines = this.#newLines();
    this.#startRun();
    await this.#pause(random);
  }

  /** The oldest rotated generation goes, whoever still needs it. */
  destroyOldest(): void {
    const [oldest] = this.#rotated().filter((path) => this.#isLast(path));
    if (oldest !== undefined) this.#unlink(oldest);
  }

  /** Ends what was left without an end in the live log. */
  async finish(): Promise<void> {
    const random = new Random(this.plan.seed);
    await this.#write(random, this.#lines.close(random), 0, 1);
  }

  close(): void {
    this.#closeWriter();
  }

  #closeWriter(): void {
    if (this.#live.fd >= 0) closeSync(this.#live.fd);
    this.#live = { fd: -1, path: this.#live.path };
  }

  /** What a reader finds below the log's folder now. */
  describeFiles(): string[] {
    return [...this.#files].map(
      ([path, generation]) => `${path.slice(this.#deps.root.length)} ${generation.bytes} bytes`,
    );
  }

  get #generation(): Generation {
    return this.#files.get(this.#live.path)!;
  }

  get #atDockerStart(): boolean {
    return this.plan.format === 'docker' && this.#generation.bytes === 0;
  }

  get #names(): { readonly pod: string; readonly uid: string } {
    return { pod: `pod-${this.#slot}-${this.#pods}`, uid: `uid-${this.#slot}-${this.#pods}` };
  }

  #podFolder(...below: readonly string[]): string {
    const { pod, uid } = this.#names;
    return join(this.#deps.root, 'pods', `ns-${this.#slot}_${pod}_${uid}`, ...below);
  }

  #newLines(): LineSource {
    return new LineSource(this.plan.format, this.plan.seed, this.#deps.maxLineBytes, this.#deps.readBytes);
  }

  #startRun(): void {
    const { root } = this.#deps;
    const { pod, uid } = this.#names;
    const id = `${this.#slot}${this.#pods}${this.#restart}`.padEnd(64, 'c0de');
    const inPods = this.#podFolder('app', `${this.#restart}.log`);
    const link = join(root, 'containers', `${pod}_ns-${this.#slot}_app-${id}.log`);
    const docker = join(root, 'docker', id, `${id}-json.log`);
    mkdirSync(dirname(inPods), { recursive: true });
    mkdirSync(dirname(link), { recursive: true });
    const live = this.plan.format === 'docker' ? docker : inPods;
    mkdirSync(dirname(live), { recursive: true });
    this.runs.push(new LogModel(`${uid}/app/${this.#restart}`));
    this.#open(live);
    if (live !== inPods) symlinkSync(live, inPods);
    symlinkSync(inPods, link);
    this.#runPaths.push({ links: live === inPods ? [link] : [link, inPods], live });
  }

  #open(path: string): void {
    this.#live = { fd: openSync(path, 'a'), path };
    this.#files.set(path, this.current.addGeneration());
  }

  async #write(random: Random, lines: readonly Line[], tear: number, writes: number): Promise<void> {
    const { torn } = this.current;
    const rest = torn?.line.bytes.subarray(torn.written) ?? new Uint8Array(0);
    this.current.mend();
    this.current.append(this.#generation, lines, tear);
    const bytes = Buffer.concat([rest, ...lines.map((line) => line.bytes)]).subarray(0, -tear || undefined);
    const cuts = Array.from({ length: writes - 1 }, () => random.int(0, bytes.length)).sort((a, b) => a - b);
    for (const [index, cut] of [...cuts, bytes.length].entries()) {
      if (index > 0) await this.#pause(random);
      writeAll(this.#live.fd, bytes.subarray(cuts[index - 1] ?? 0, cut));
    }
  }

  #mend(): void {
    const { torn } = this.current;
    if (torn === undefined) return;
    const rest = torn.line.bytes.subarray(torn.written);
    this.current.mend();
    writeAll(this.#live.fd, rest);
  }

  async #rotateAsKubelet(action: Of<'rotate'>): Promise<void> {
    const random = new Random(action.seed);
    const { path } = this.#live;
    for (const name of readdirSync(dirname(path))) {
      const file = join(dirname(path), name);
      if (!name.startsWith(`${basename(path)}.`)) continue;
      if (name.endsWith('.tmp') || existsSync(`${file}.gz`)) this.#unlink(file);
    }
    const keep = this.plan.maxFiles - 2;
    const rotated = this.#rotated();
    for (const file of rotated.slice(0, Math.max(0, rotated.length - keep))) {
      await this.#beforeLosing(file);
      this.#unlink(file);
    }
    for (const file of this.#rotated()) {
      if (file.endsWith('.gz')) continue;
      await this.#compress(file, random, action.gzipDies);
    }
    const stamp = `20260101-${String(this.#stamps++).padStart(6, '0')}`;
    const aside = `${path}.${stamp}`;
    this.#rename(path, aside);
    await this.#late(random, action.lateRecords);
    if (action.reopen === 'fails') {
      await this.#pause(random);
      this.#rename(aside, path);
      return;
    }
    this.#mend();
    this.#closeWriter();
    this.#open(path);
    await this.#pause(random);
  }

  async #rotateByNumbers(action: Of<'rotate'>): Promise<void> {
    const random = new Random(action.seed);
    const { path } = this.#live;
    await this.#shiftNumbers(random, action.gzipDies);
    this.#rename(path, `${path}.1`);
    await this.#late(random, action.lateRecords);
    this.#mend();
    this.#closeWriter();
    this.#open(path);
    await this.#pause(random);
  }

  async #copyTruncate(action: Of<'rotate'>): Promise<void> {
    const random = new Random(action.seed);
    const { path } = this.#live;
    this.#mend();
    await this.#shiftNumbers(random, action.gzipDies);
    const generation = this.#generation;
    copyFileSync(path, `${path}.1`);
    this.#files.set(`${path}.1`, generation);
    await this.#pause(random);
    truncateSync(path);
    this.#files.set(path, this.current.addGeneration());
    await this.#pause(random);
  }

  /** `.1` becomes `.2` and so on, the oldest goes, and what is older than `.1` is compressed. */
  async #shiftNumbers(random: Random, gzipDies: boolean): Promise<void> {
    const { path } = this.#live;
    const numbered = this.#rotated();
    while (numbered.length > this.plan.maxFiles - 2) {
      const oldest = numbered.shift()!;
      await this.#beforeLosing(oldest);
      this.#unlink(oldest);
    }
    for (const file of numbered) {
      const [, number = '', gz = ''] = /\.(\d+)(\.gz)?$/.exec(file)!;
      this.#rename(file, `${path}.${Number(number) + 1}${gz}`);
      if (this.plan.gzip && gz === '') await this.#compress(`${path}.${Number(number) + 1}`, random, gzipDies);
    }
  }

  /** Writes X.tmp, renames it to X.gz, unlinks X: another inode with the same bytes.
   *  @param dies stops half way, as a kubelet that is restarted */
  async #compress(file: string, random: Random, dies: boolean): Promise<void> {
    const packed = gzipSync(readFileSync(file), { level: random.pick([1, 6]) });
    writeFileSync(`${file}.tmp`, packed.subarray(0, packed.length >> 1));
    await this.#pause(random);
    if (dies && random.chance(0.5)) return;
    writeFileSync(`${file}.tmp`, packed);
    renameSync(`${file}.tmp`, `${file}.gz`);
    this.#files.set(`${file}.gz`, this.#files.get(file)!);
    await this.#pause(random);
    if (dies && this.plan.rotation === 'kubelet') return;
    this.#unlink(file);
  }

  /** Lines that reach the renamed file because its writer has not reopened yet. */
  async #late(random: Random, records: number): Promise<void> {
    await this.#pause(random);
    if (records === 0) return;
    const lines = this.#lines.produce(random, {
      records,
      big: false,
      leaveOpen: random.chance(0.3),
      atFileStart: false,
    });
    await this.#write(random, lines, 0, random.int(1, 2));
    await this.#pause(random);
  }

  async #clean(paths: RunPaths): Promise<void> {
    for (const [file] of this.#filesOf(paths.live)) await this.#beforeLosing(file);
    for (const link of paths.links) unlinkSync(link);
    for (const [file] of this.#filesOf(paths.live)) this.#unlink(file);
    const folder = dirname(paths.live);
    for (const name of readdirSync(folder)) if (name.startsWith(basename(paths.live))) unlinkSync(join(folder, name));
    if (this.plan.format === 'docker') rmdirSync(folder);
  }

  #filesOf(live: string): [string, Generation][] {
    return [...this.#files].filter(([path]) => path === live || path.startsWith(`${live}.`));
  }

  /** Oldest first. */
  #rotated(): string[] {
    const paths = this.#filesOf(this.#live.path).map(([path]) => path);
    return paths.filter((path) => path !== this.#live.path).sort((a, b) => this.#age(a) - this.#age(b));
  }

  #age(path: string): number {
    return this.current.generations.indexOf(this.#files.get(path)!);
  }

  #isLast(path: string): boolean {
    const generation = this.#files.get(path);
    return ![...this.#files].some(([other, one]) => other !== path && one === generation);
  }

  async #beforeLosing(path: string): Promise<void> {
    const generation = this.#files.get(path);
    if (generation !== undefined && this.#isLast(path)) await this.#deps.beforeDestroying(generation);
  }

  #unlink(path: string): void {
    const last = this.#isLast(path);
    const generation = this.#files.get(path);
    unlinkSync(path);
    this.#files.delete(path);
    if (generation === undefined || !last) return;
    generation.destroyed = true;
    this.#deps.destroyed(generation);
  }

  #rename(from: string, to: string): void {
    renameSync(from, to);
    this.#files.set(to, this.#files.get(from)!);
    this.#files.delete(from);
    // The writer's descriptor follows the inode.
    if (this.#live.path === from) this.#live = { fd: this.#live.fd, path: to };
  }

  #pause(random: Random): Promise<void> {
    return this.#deps.moment(random.pick([0, 0, 0, 1, 5, 30]));
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
}

/** What the annotations of pods ask of one lane. */
import { type LogPlan, type LogPlans, NO_PLAN } from '@vigie/log-pipeline/lane/log-plan';
import type { Multiline } from '@vigie/log-pipeline/multiline/join-lines';
import type { ContainerLog } from '@vigie/log-pipeline/tail/generation';
import { DropStream } from '@vigie/log-pipeline/transforms/per-stream/drop-stream';
import { KeepShare } from '@vigie/log-pipeline/transforms/per-stream/keep-share';
import { OnStream } from '@vigie/log-pipeline/transforms/per-stream/on-stream';
import type { Transform } from '@vigie/log-pipeline/transforms/transform';
import type { ParserName, PerStream } from './annotations.ts';
import type { SourcePods } from './source-pods.ts';

/** As reasons of dropped records. */
export const PLAN_DROP_REASONS = ['pod_excluded', 'pod_sampled', 'pod_other_sink'] as const;

/** As the name of a transform, where records that a parser could not handle are counted. */
const PARSER = 'pod_parser';

/** What names in annotations stand for. */
export interface PlanNames {
  /** Makes an instance for one lane. */
  createParser(name: ParserName): Transform | undefined;
  multiline(name: string): Multiline | undefined;
}

export class PodPlans implements LogPlans {
  readonly #pods: SourcePods;
  readonly #sink: string;
  readonly #names: PlanNames;
  /** Of the lane itself: a stream that nothing is asked for keeps it. */
  readonly #multiline: Multiline | undefined;
  readonly #parsers = new Map<string, Transform | undefined>();

  constructor(pods: SourcePods, sink: string, names: PlanNames, multiline: Multiline | undefined) {
    this.#pods = pods;
    this.#sink = sink;
    this.#names = names;
    this.#multiline = multiline;
  }

  heldUntilMs(log: ContainerLog, nowMs: number): number {
    return this.#pods.heldUntilMs(log, nowMs);
  }

  of(log: ContainerLog): LogPlan {
    const asked = this.#pods.annotationsOf(log);
    const transforms: { readonly name: string; readonly transform: Transform }[] = [];
    if (asked === undefined) return NO_PLAN;
    const { exclude, sample, sinks, parser } = asked;
    const add = (name: string, transform: Transform): void => {
      transforms.push({ name, transform });
    };
    if (sinks !== undefined && !sinks.includes(this.#sink)) {
      add('pod_sink', new DropStream({ stdout: true, stderr: true }, 'pod_other_sink'));
      return { transforms, multiline: undefined };
    }
    const dropped = { stdout: exclude.stdout === true, stderr: exclude.stderr === true };
    if (dropped.stdout || dropped.stderr) add('pod_exclude', new DropStream(dropped, 'pod_excluded'));
    if (dropped.stdout && dropped.stderr) return { transforms, multiline: undefined };
    const shares = { stdout: sample.stdout ?? 1, stderr: sample.stderr ?? 1 };
    if (shares.stdout < 1 || shares.stderr < 1) {
      add('pod_sample', new KeepShare(shares, seedOf(log.key), 'pod_sampled'));
    }
    for (const transform of this.#parse(parser)) add(PARSER, transform);
    return { transforms, multiline: this.#joining(asked.multiline) };
  }

  #joining({ stdout, stderr }: PerStream<string>): Multiline | undefined {
    const ofStdout = stdout === undefined ? this.#multiline : this.#names.multiline(stdout);
    const ofStderr = stderr === undefined ? this.#multiline : this.#names.multiline(stderr);
    const limits = ofStdout ?? ofStderr;
    if (limits === undefined) return undefined;
    return { ...limits, stdout: ofStdout?.stdout, stderr: ofStderr?.stderr };
  }

  #parse({ stdout, stderr }: PerStream<ParserName>): Transform[] {
    const [forStdout, forStderr] = [this.#parser(stdout), this.#parser(stderr)];
    if (forStdout === forStderr) return forStdout === undefined ? [] : [forStdout];
    return [
      ...(forStdout === undefined ? [] : [new OnStream(forStdout, 'stdout')]),
      ...(forStderr === undefined ? [] : [new OnStream(forStderr, 'stderr')]),
    ];
  }

  /** One for all pods that ask for it. */
  #parser(name: ParserName | undefined): Transform | undefined {
    if (name === undefined) return undefined;
    const key = `${name.dialect} ${name.name}`;
    if (!this.#parsers.has(key)) this.#parsers.set(key, this.#names.createParser(name));
    return this.#parsers.get(key);
  }
}

/** FNV-1a, 32 bits: another number for each log, the same in every run. */
function seedOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

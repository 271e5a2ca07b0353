/** The objects of the Prometheus operator that alerting reads: alerting rules, and who is told of the alerts of a namespace. They come, change
 *  and go while it runs, each for itself. */
import { type Exposition, Telemetry } from '@vigie/core/telemetry';
import { KubeClient } from '@vigie/kube/client';
import type { KubeConfig } from '@vigie/kube/config';
import { CustomObjects, type CustomObjectsStatus } from '@vigie/kube/custom-objects/custom-objects';
import type { ReflectorDeps } from '@vigie/kube/reflector';
import type { MatcherStrategy } from './alertmanager-config.ts';
import { ALERTING_KINDS } from './object-kinds.ts';
import { type JudgingContext, type Wishes, wishesOf } from './object-wishes.ts';
import { OPERATOR_METRICS, reportOperatorObjects } from './telemetry.ts';

export interface OperatorObjectsConfig {
  /** A label selector; '' for all objects. */
  readonly selector: string;
  /** Of objects; all where there is none. */
  readonly namespaces: readonly string[];
  /** Whether objects may name files of this process. */
  readonly fileAccess: boolean;
  readonly matcherStrategy: MatcherStrategy;
  /** Not by default, because it runs in a cluster: there it may have no token. */
  readonly isAskedFor: boolean;
}

export interface OperatorObjectsDeps extends ReflectorDeps {
  /** For proxies. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `vigie/1.2.3` */
  readonly userAgent: string;
  /** What is in force beside the objects. */
  readonly context: () => Omit<JudgingContext, 'fileAccess' | 'matcherStrategy'>;
  /** Takes up what all objects together ask for, in place of what they asked for before. */
  readonly use: (wishes: Wishes) => Promise<void>;
}

export class OperatorObjects {
  readonly #client: KubeClient;
  readonly #objects: CustomObjects<Wishes>;
  readonly #telemetry = new Telemetry(OPERATOR_METRICS);

  constructor(config: OperatorObjectsConfig, kube: KubeConfig, deps: OperatorObjectsDeps) {
    const { clock, env, userAgent, log, context, use } = deps;
    const reloadFailed = (detail: string): void =>
      log.error('credentials of the API server cannot be read again', { detail });
    this.#client = new KubeClient(kube, { clock, env, userAgent, reloadFailed });
    this.#objects = new CustomObjects(ALERTING_KINDS, config, {
      ...deps,
      client: this.#client,
      origin: 'the Prometheus operator',
      judge: (object, assets) => wishesOf(object, assets, { ...config, ...context() }),
      use: (all) =>
        use({ groups: all.flatMap(({ groups }) => groups), fragments: all.flatMap(({ fragments }) => fragments) }),
    });
    this.#telemetry.collect((report) => reportOperatorObjects(this.#objects, report));
  }

  /** For `GET /status`. */
  status(): CustomObjectsStatus {
    return this.#objects.status();
  }

  start(): void {
    this.#objects.start();
  }

  /** The file beside which they stand has changed. */
  judgeAgain(): void {
    this.#objects.judgeAgain();
  }

  expose(): Promise<Exposition> {
    return this.#telemetry.expose();
  }

  async close(): Promise<void> {
    await this.#objects.close();
    this.#client.close();
  }
}

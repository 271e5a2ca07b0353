/** What must be true of the server before the first record is sent: a template that makes a data stream of the name. */
import { proxyFor } from '@vigie/core/http-client/proxy';
import { untilAborted } from '@vigie/core/until-aborted';
import type { HttpClient } from '../http-client/client.ts';
import type { HttpSettings } from '../http-client/settings.ts';
import type { SendOutcome, SinkDeps } from '../sink.ts';
import type { SetupOptions, Target } from './config.ts';
import { detectServer } from './server.ts';
import { checkDataStreamTemplate } from './template-check.ts';
import { setupPlan } from './templates.ts';

export interface PreparationOptions {
  readonly client: HttpClient;
  readonly settings: HttpSettings;
  readonly target: Target;
  /** The name that stands for all when the server is asked. */
  readonly probeName: string;
  readonly dataStreamFields: boolean;
  /** undefined: install nothing, ask. */
  readonly setup: SetupOptions | undefined;
  readonly deps: Pick<SinkDeps, 'clock' | 'env' | 'version'>;
  readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

export class Preparation {
  readonly #options: PreparationOptions;
  readonly #lifetime = new AbortController();
  #done = false;
  #running: Promise<SendOutcome | undefined> | undefined;

  constructor(options: PreparationOptions) {
    this.#options = options;
  }

  /** What stands in the way of sending; undefined once nothing does, and from then on at no cost. Sends that come
   *  together ask once.
   *  @throws the signal's reason */
  async obstacle(signal: AbortSignal): Promise<SendOutcome | undefined> {
    if (this.#done) return undefined;
    this.#running ??= this.#prepare().finally(() => {
      this.#running = undefined;
    });
    return untilAborted(this.#running, signal);
  }

  close(): void {
    this.#lifetime.abort(new Error('the sink is closed'));
  }

  async #prepare(): Promise<SendOutcome | undefined> {
    const { setup, target } = this.#options;
    let obstacle: SendOutcome | undefined;
    if (setup !== undefined) obstacle = await this.#install(setup);
    else if (target.kind === 'data_stream') obstacle = await this.#ask();
    this.#done = obstacle === undefined;
    return obstacle;
  }

  async #ask(): Promise<SendOutcome | undefined> {
    const { client, probeName, deps, warn } = this.#options;
    const check = await checkDataStreamTemplate(client, probeName, deps.clock, this.#lifetime.signal);
    switch (check.status) {
      case 'matches':
        return undefined;
      case 'unknown':
        warn('the server does not say whether a template makes a data stream of the name', {
          name: probeName,
          detail: check.detail,
        });
        return undefined;
      case 'none':
        return { status: 'held', reason: 'template', detail: check.detail };
      case 'obstacle':
        return check.outcome;
    }
  }

  async #install(options: SetupOptions): Promise<SendOutcome | undefined> {
    const { client, settings, target, dataStreamFields, deps, warn } = this.#options;
    const { signal } = this.#lifetime;
    const detected = await detectServer(client, deps.clock, signal);
    if (detected.status === 'obstacle') return detected.outcome;
    // The official clients take 30 MB and a quarter of a second to load: only where they are wanted.
    const { install } = await import('./setup.ts');
    const [first] = settings.endpoints;
    const { tls, authorization } = client.identity;
    const outcome = await install(
      detected.server,
      setupPlan(target, options, dataStreamFields),
      {
        endpoints: settings.endpoints,
        tls,
        proxy: first === undefined ? undefined : proxyFor(first, deps.env),
        headers: {
          ...settings.headers,
          'user-agent': `vigie/${deps.version}`,
          ...(authorization === undefined ? {} : { authorization }),
        },
        requestTimeoutMs: settings.limits.requestTimeoutMs,
      },
      signal,
    );
    if (outcome.status === 'failed') return outcome.outcome;
    for (const note of outcome.notes) warn('setup', { note });
    return undefined;
  }
}

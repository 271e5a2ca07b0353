/** An engine on a clock and a disk that a test owns, with receivers that keep a diary. */
import { FakeClock } from '@vigie/core/fake-clock';
import type { Log } from '@vigie/core/log';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { parseAlertmanagerConfig } from '../src/config/load-config.ts';
import type { ReceiverConfig } from '../src/config/receiver-section.ts';
import { isResolved } from '../src/dispatch/alert.ts';
import { AlertEngine } from '../src/engine.ts';
import type { EngineOptions, EngineSettings } from '../src/engine-settings.ts';
import type { HistoryEvent } from '../src/history/history-event.ts';
import { AlertMatcher } from '../src/matchers/alert-matcher.ts';
import type { GatherContext } from '../src/notify/notifier.ts';
import { NotifyCounts } from '../src/notify/notify-counts.ts';
import type { ReceiverOptions } from '../src/notify/receiver.ts';
import type { Integration, Notification, SendOutcome } from '../src/receivers/integration.ts';
import { type AlertTimes, posted } from './alerts/alerts.ts';
import { MemoryFs } from './state/memory-fs.ts';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;

/** Integrations of a receiver: the web hook hears of ends, mail does not. */
export const HOOK = "webhook_configs: [{ url: 'http://localhost/' }]";
export const MAIL = 'email_configs: [{ to: you@example.com, from: me@example.com, smarthost: "localhost:25" }]';

export interface LabOptions {
  readonly engine?: Partial<EngineOptions>;
  readonly receivers?: Readonly<Record<string, ReceiverOptions>>;
}

const OPTIONS: EngineOptions = {
  limits: { alerts: 1000, alertSize: 10_000 },
  startupHoldMs: 2 * MINUTE,
  retentionMs: 120 * 60 * MINUTE,
  resolveWhatFired: true,
  resolveReason: true,
};

export class Lab {
  readonly clock: FakeClock;
  readonly counts = new NotifyCounts(() => undefined);
  /** `M:SS integration: reason firing -resolved`, of what arrived. */
  readonly diary: string[] = [];
  /** What arrived. */
  readonly arrived: Notification[] = [];
  readonly errors: string[] = [];
  /** `message {fields}` */
  readonly warnings: string[] = [];
  readonly history: HistoryEvent[] = [];
  fs = new MemoryFs();
  engine: AlertEngine;
  /** By the id of an integration: what becomes of what is sent. */
  answer: (id: string, signal: AbortSignal, notification: Notification) => SendOutcome | Promise<SendOutcome> = () => ({
    kind: 'sent',
  });
  /** What pages say beside their alerts, where their receiver asks for it. */
  gatherContext: GatherContext | undefined;
  /** Labels of what rules have found and does not fire yet. */
  pendingAlerts: readonly LabelSet[] = [];
  externalLabels = LabelSet.empty;
  #settings: EngineSettings;

  /** @param config alertmanager.yml; `webhook_configs` send resolved, `email_configs` do not */
  constructor(config: string, options: LabOptions = {}, clock = new FakeClock(0)) {
    this.clock = clock;
    this.#settings = this.settingsOf(config, options);
    this.engine = this.#create();
  }

  settingsOf(config: string, { engine, receivers = {} }: LabOptions = {}): EngineSettings {
    return {
      config: parseAlertmanagerConfig(config, 'alertmanager.yml'),
      options: { ...OPTIONS, ...engine },
      receiverOptions: new Map(Object.entries(receivers)),
      integrationsOf: (receiver) => this.#integrationsOf(receiver),
    };
  }

  async start(): Promise<this> {
    await this.engine.start();
    return this;
  }

  apply(config: string, options: LabOptions = {}): void {
    this.#settings = this.settingsOf(config, options);
    this.engine.apply(this.#settings);
  }

  /** As after kill -9: what is in memory is gone, and timers with it.
   *  @param downMs until the next one starts */
  async crash(downMs = 0): Promise<void> {
    const { fs, engine } = this;
    this.fs = new MemoryFs(fs.contents());
    // The one before must not go on; nothing that it does now is seen.
    this.answer = () => new Promise(() => undefined);
    void engine.close({ graceMs: 0 });
    await this.clock.advance(downMs);
    this.answer = () => ({ kind: 'sent' });
    this.engine = this.#create();
    await this.engine.start();
  }

  post(labels: Readonly<Record<string, string>>, times: AlertTimes = {}): Promise<void> {
    const nowMs = this.clock.nowMs();
    const defaults = { startsAtMs: nowMs, endsAtMs: nowMs + 1000 * MINUTE, updatedAtMs: nowMs };
    return this.engine.post([posted(labels, { ...defaults, ...times })]);
  }

  resolve(labels: Readonly<Record<string, string>>): Promise<void> {
    return this.post(labels, { startsAtMs: 0, endsAtMs: this.clock.nowMs() });
  }

  /** Of the alerts with this name, from now on. */
  silence(name: string, minutes: number, annotations: Readonly<Record<string, string>> = {}) {
    const startsAtMs = this.clock.nowMs();
    return this.engine.setSilence({
      matcherSets: [[new AlertMatcher('alertname', '=', name)]],
      startsAtMs,
      endsAtMs: startsAtMs + minutes * MINUTE,
      createdBy: 'me',
      comment: '',
      annotations,
    });
  }

  /** What arrived meanwhile. */
  async after(ms: number): Promise<readonly string[]> {
    await this.clock.advance(ms);
    return this.diary.splice(0);
  }

  #create(): AlertEngine {
    const { clock, counts, fs } = this;
    let ids = 0;
    return new AlertEngine('/data/alerting', this.#settings, {
      clock,
      random: () => 0.5,
      log: logInto(this),
      fs,
      newId: () => `silence-${ids++}`,
      counts,
      record: (event) => this.history.push(event),
      pendingAlerts: () => this.pendingAlerts,
      externalLabels: () => this.externalLabels,
      gatherContext: (question, signal) => {
        if (this.gatherContext === undefined) throw new Error('nobody is asked for context');
        return this.gatherContext(question, signal);
      },
    });
  }

  #integrationsOf({ name, integrations }: ReceiverConfig): readonly Integration[] {
    return integrations.map(({ kind, sendResolved }, index) => {
      const id = `${name}/${kind}/${index}`;
      return {
        id,
        kind,
        sendsResolved: sendResolved,
        send: async (notification, signal) => {
          const outcome = await this.answer(id, signal, notification);
          if (outcome.kind === 'sent') this.#note(id, notification);
          return outcome;
        },
      };
    });
  }

  #note(id: string, notification: Notification): void {
    this.arrived.push(notification);
    const seconds = Math.floor(this.clock.nowMs() / SECOND);
    const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    const names = notification.alerts.map(
      (alert) => `${isResolved(alert, notification.timeMs) ? '-' : ''}${alert.labels.get('alertname')}`,
    );
    this.diary.push(`${time} ${id}: ${notification.reason} ${names.join(' ')}`);
  }
}

function logInto({ errors, warnings }: Pick<Lab, 'errors' | 'warnings'>): Log {
  const log: Log = {
    debug: () => undefined,
    info: () => undefined,
    warn: (message, fields) => warnings.push(`${message} ${JSON.stringify(fields)}`),
    error: (message, fields) => errors.push(`${message} ${String(fields?.error ?? '')}`),
    child: () => log,
  };
  return log;
}

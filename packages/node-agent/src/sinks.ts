import type { Clock } from '@vigie/core/clock';
import { assertNever } from '@vigie/core/errors';
import { limitRepeats } from '@vigie/core/limit-repeats';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { DeadLetterFile, DroppedLetters } from '@vigie/log-pipeline/delivery/dead-letter';
import { ConsoleSink } from '@vigie/log-pipeline/sinks/console';
import { ElasticsearchSink } from '@vigie/log-pipeline/sinks/elasticsearch/sink';
import { FileSink } from '@vigie/log-pipeline/sinks/file';
import { HttpSink } from '@vigie/log-pipeline/sinks/http';
import { KafkaSink } from '@vigie/log-pipeline/sinks/kafka/sink';
import { LogToMetricSink } from '@vigie/log-pipeline/sinks/log-to-metric/sink';
import { LokiSink } from '@vigie/log-pipeline/sinks/loki/sink';
import { OtlpSink } from '@vigie/log-pipeline/sinks/otlp/sink';
import type { Sink, SinkDeps, SinkEvent } from '@vigie/log-pipeline/sinks/sink';
import { SplunkSink } from '@vigie/log-pipeline/sinks/splunk/sink';
import type { AgentConfig } from './config.ts';
import { SinkRuntime } from './sink-runtime.ts';

type SinkConfig = AgentConfig['sinks'][string];

export interface SinkWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly log: Log;
}

export function createSinkRuntime(name: string, config: SinkConfig, world: SinkWorld): SinkRuntime {
  const { clock, random, env, version } = world;
  const log = limitRepeats(world.log, clock);
  const counts = new Map<SinkEvent, number>();
  const count = (event: SinkEvent, amount: number): void => {
    counts.set(event, (counts.get(event) ?? 0) + amount);
  };
  const warn = (sink: string, message: string, fields: Readonly<Record<string, unknown>>): void =>
    log.warn(message, { sink, ...fields });
  const events: SinkDeps['events'] = { count: (_sink, event, amount) => count(event, amount), warn };
  const sink = createSink(name, config, { clock, random, env, version, events });
  const { dead_letter: deadLetter, retry } = config;
  const deadLetters =
    deadLetter === undefined
      ? new DroppedLetters(clock, warn)
      : new DeadLetterFile(deadLetter.path, { maxBytes: deadLetter.max_size, keep: deadLetter.keep }, (bytes) =>
          count('discarded_bytes', bytes),
        );
  const backoff = { baseMs: retry.initial, capMs: retry.max };
  return new SinkRuntime(sink, deadLetters, backoff, counts, clock, random, log);
}

function createSink(name: string, config: SinkConfig, deps: SinkDeps): Sink {
  switch (config.type) {
    case 'elasticsearch':
      return new ElasticsearchSink(name, config, deps);
    case 'file':
      return new FileSink(name, config, deps);
    case 'kafka':
      return new KafkaSink(name, config, deps);
    case 'splunk_hec':
      return new SplunkSink(name, config, deps);
    case 'http':
      return new HttpSink(name, config, deps);
    case 'log_to_metric':
      return new LogToMetricSink(name, config, deps);
    case 'loki':
      return new LokiSink(name, config, deps);
    case 'otlp':
      return new OtlpSink(name, config, deps);
    case 'console':
      return new ConsoleSink(name, config, deps);
    default:
      return assertNever(config);
  }
}

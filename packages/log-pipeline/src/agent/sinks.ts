import type { Clock } from '@vigie/core/clock';
import { assertNever } from '@vigie/core/errors';
import { limitRepeats } from '@vigie/core/limit-repeats';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { DeadLetterFile, DroppedLetters } from '../delivery/dead-letter.ts';
import { ConsoleSink } from '../sinks/console.ts';
import { ElasticsearchSink } from '../sinks/elasticsearch/sink.ts';
import { FileSink } from '../sinks/file.ts';
import { HttpSink } from '../sinks/http.ts';
import { KafkaSink } from '../sinks/kafka/sink.ts';
import { LogToMetricSink } from '../sinks/log-to-metric/sink.ts';
import { LokiSink } from '../sinks/loki/sink.ts';
import { OtlpSink } from '../sinks/otlp/sink.ts';
import type { Sink, SinkDeps, SinkEvent } from '../sinks/sink.ts';
import { SplunkSink } from '../sinks/splunk/sink.ts';
import type { SinkConfig } from './config.ts';
import { SinkRuntime } from './sink-runtime.ts';

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

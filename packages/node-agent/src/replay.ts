import { resolve } from 'node:path';
import type { ExitCode } from '@vigie/core/lifecycle';
import type { SinkRuntime } from '@vigie/log-pipeline/agent/sink-runtime';
import { readDeadLetters } from '@vigie/log-pipeline/delivery/dead-letter';
import { replayedBody } from '@vigie/log-pipeline/delivery/replayed-body';
import type { AgentConfig } from './config.ts';
import type { ServiceDeps } from './service.ts';

/** `--replay FILE`: sends dead letters again, each to the sink that refused it.
 *  @returns 0 when all were accepted, 1 when some could not be sent or were refused again, 2 when the file is
 *  one that refused records are written to: it would grow while it is read */
export async function replayDeadLetters(file: string, config: AgentConfig, deps: ServiceDeps): Promise<ExitCode> {
  const { log } = deps;
  const written = Object.values(config.sinks).some(
    ({ dead_letter: deadLetter }) => deadLetter !== undefined && resolve(deadLetter.path) === resolve(file),
  );
  if (written) {
    log.error('the file is still written to; move it away first and replay the moved one', { file });
    return 2;
  }
  const ending = new AbortController();
  const stop = (): void => ending.abort(new DOMException('the process is to end', 'AbortError'));
  process.once('SIGTERM', stop).once('SIGINT', stop);
  const sinks = new Map<string, SinkRuntime>();
  const counts = { accepted: 0, refused: 0, unreadable: 0, unknownSink: 0 };
  try {
    const unreadable = (line: number): void => {
      counts.unreadable++;
      log.warn('a line of the dead-letter file is not readable', { file, line });
    };
    const largest = Math.min(...Object.values(config.sinks).map(({ batch }) => batch.max_bytes));
    for await (const { sink: name, body, records } of readDeadLetters(file, largest, unreadable)) {
      const section = config.sinks[name];
      if (section === undefined) {
        counts.unknownSink += records;
        log.error('no sink of this name is configured', { sink: name, records });
        continue;
      }
      let sink = sinks.get(name);
      if (sink === undefined) {
        sink = deps.createSink(name, section);
        sinks.set(name, sink);
        await sink.start(ending.signal);
      }
      const again = replayedBody(sink.sink, body, records, () => {
        counts.unreadable++;
        log.warn('a dead letter is not one of its sink', { file, sink: name });
      });
      const { rejected } = await sink.deliver(again.body, again.records, ending.signal, undefined);
      counts.refused += rejected.length;
      counts.accepted += again.records - rejected.length;
    }
  } catch (error) {
    log.error('replay stopped', { file, error, ...counts });
    return 1;
  } finally {
    process.off('SIGTERM', stop).off('SIGINT', stop);
    await Promise.all([...sinks.values()].map((sink) => sink.close()));
  }
  log.info('replayed', { file, ...counts });
  return counts.refused + counts.unreadable + counts.unknownSink === 0 ? 0 : 1;
}

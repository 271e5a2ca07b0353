/** Records on standard output, for people and for pipes. */
import { write } from 'node:fs';
import { promisify } from 'node:util';
import type { Clock } from '@vigie/core/clock';
import { section } from '@vigie/core/config/fields';
import { describeError, errorCode } from '@vigie/core/errors';
import { untilAborted } from '@vigie/core/until-aborted';
import * as v from 'valibot';
import {
  DOCUMENT_ROOT_NAMES,
  type DocumentFormat,
  documentShape,
  NO_OPENING,
  type RecordFacts,
} from '../encode/document.ts';
import type { JsonLineShape } from '../encode/json-lines.ts';
import type { SendOutcome, Sink, SinkDeps } from './sink.ts';
import { documentEntries, sinkEntries } from './sink-section.ts';

export const consoleSchema = section({
  type: v.literal('console'),
  ...sinkEntries,
  ...documentEntries,
  /** `text`: time, namespace/pod/container, message. */
  encoding: v.optional(v.picklist(['json', 'text']), 'json'),
});

export type ConsoleSinkConfig = v.InferOutput<typeof consoleSchema>;

const writeSome = promisify(write);
const STDOUT = 1;
/** Somebody made the pipe non-blocking, and it is full. */
const FULL_PIPE_WAIT_MS = 20;

/** Writes through the thread pool: process.stdout blocks the whole process while a pipe is full. */
export class ConsoleSink implements Sink {
  readonly type = 'console';
  readonly name: string;
  readonly linesPerRecord = 1;
  readonly perUtcDay = false;
  readonly takesDeflate = false;
  readonly #encoding: 'json' | 'text';
  readonly #format: DocumentFormat;
  readonly #clock: Clock;
  readonly #fd: number;
  /** Bodies are written one after another, or their lines would mix. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param fd standard output; tests give another */
  constructor(
    name: string,
    config: Pick<ConsoleSinkConfig, 'encoding' | 'format'>,
    deps: Pick<SinkDeps, 'clock'>,
    fd = STDOUT,
  ) {
    this.name = name;
    this.#encoding = config.encoding;
    // Text is made of the ECS document, which nobody sees.
    this.#format = config.encoding === 'text' ? 'ecs' : config.format;
    this.#clock = deps.clock;
    this.#fd = fd;
  }

  shape(facts: RecordFacts): JsonLineShape {
    return documentShape(facts, NO_OPENING, undefined, this.#format);
  }

  async start(): Promise<void> {
    // Standard output is open already.
  }

  async close(): Promise<void> {
    // And it is not ours to close.
  }

  send(body: Uint8Array, _records: number, signal: AbortSignal): Promise<SendOutcome> {
    // A copy: a write that waits for its reader cannot be called off, but the caller's memory must not wait with it.
    const bytes = this.#encoding === 'text' ? Buffer.from(formatText(body)) : Buffer.from(body);
    const written = this.#last.then(() => this.#write(bytes, signal));
    this.#last = written;
    return untilAborted(written, signal);
  }

  async #write(bytes: Buffer, signal: AbortSignal): Promise<SendOutcome> {
    let done = 0;
    while (done < bytes.length) {
      if (signal.aborted) return { status: 'retryable', reason: 'storage', detail: 'not written' };
      try {
        done += (await writeSome(this.#fd, bytes, done, bytes.length - done, null)).bytesWritten;
      } catch (error) {
        const code = errorCode(error);
        if (code === 'EAGAIN') {
          await this.#clock.sleep(FULL_PIPE_WAIT_MS);
          continue;
        }
        const detail = describeError(error);
        if (code === 'EPIPE') return { status: 'held', reason: 'closed', detail };
        return { status: 'retryable', reason: 'storage', detail };
      }
    }
    return { status: 'accepted' };
  }
}

/** One line a record, more where its message has more: `2026-11-21T04:12:19.5Z shop/web-1/web GET / 200`. */
function formatText(body: Uint8Array): string {
  const lines = Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8').split('\n');
  return lines
    .slice(0, -1)
    .map((line) => `${visible(textOf(line))}\n`)
    .join('');
}

function textOf(line: string): string {
  const document: unknown = JSON.parse(line);
  const kubernetes = member(document, 'kubernetes');
  const names = [
    member(kubernetes, 'namespace'),
    member(member(kubernetes, 'pod'), 'name'),
    member(member(kubernetes, 'container'), 'name'),
  ].filter((name) => name !== undefined);
  const origin = names.length > 0 ? names.join('/') : member(member(member(document, 'log'), 'file'), 'path');
  return `${member(document, '@timestamp')} ${origin} ${messageOf(document)}`;
}

/** A transform may have put members in place of the message. */
function messageOf(document: unknown): string {
  const message = member(document, 'message');
  if (typeof message === 'string') return message;
  const added = Object.entries(document ?? {}).filter(([name]) => !DOCUMENT_ROOT_NAMES.includes(name));
  return JSON.stringify(Object.fromEntries(added));
}

/** A log line may hold what moves the cursor or sets the title of a terminal. */
function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a terminal
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (control) => {
    return `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** Connects, and has the dialogue that the module describes. Source: blackbox_exporter, prober/tcp.go and query_response.go. */
import type { Socket } from 'node:net';
import type { Clock } from '@vigie/core/clock';
import { configuredTls } from '@vigie/core/http-client/client-tls';
import type { Regex } from '@vigie/core/regex';
import type { ReloadedFiles } from '@vigie/core/reloaded-files';
import type { ClientTlsOptions } from '@vigie/core/tls';
import { compileExpansion } from '../relabel/expansion.ts';
import type { Groups } from '../relabel/whole-match.ts';
import { tellCertificate, tellChainExpiry } from './certificate-samples.ts';
import { LineReader } from './line-reader.ts';
import { chooseAddress, splitTarget } from './probe-address.ts';
import { dial, secure } from './probe-connection.ts';
import type { DialogueStep, TcpModule } from './probe-module.ts';
import type { ProbeContext, Prober, ProberDeps } from './prober.ts';

export function tcpProber(module: TcpModule, deps: ProberDeps): Prober {
  const tls = configuredTls(module.tls, deps.clock);
  return async (target, context) => {
    const { samples, log, signal } = context;
    samples.begin('failedDueToRegex', 'failedDueToBytes');
    const parts = splitTarget(target);
    if (parts === undefined || parts.port === '') {
      log.error('Error splitting target address and port: expected HOST:PORT', { target });
      return false;
    }
    const { address } = await chooseAddress(parts.host, module.address, context, deps);
    log.info('Dialing TCP', { address, port: parts.port });
    const { sourceAddress } = module;
    const socket = await dial({ address, port: Number(parts.port), sourceAddress }, signal);
    const talk = new Dialogue(socket, parts.host, tls, deps.clock, context);
    try {
      if (module.isTls) await talk.startTls();
      log.info('Successfully dialed');
      return await talk.run(module.dialogue);
    } finally {
      talk.close();
      socket.destroy();
    }
  };
}

class Dialogue {
  #socket: Socket;
  #lines: LineReader;
  readonly #serverName: string;
  readonly #clock: Clock;
  readonly #tls: ReloadedFiles<ClientTlsOptions>;
  readonly #context: ProbeContext;

  constructor(
    socket: Socket,
    serverName: string,
    tls: ReloadedFiles<ClientTlsOptions>,
    clock: Clock,
    context: ProbeContext,
  ) {
    this.#socket = socket;
    this.#lines = new LineReader(socket);
    this.#serverName = serverName;
    this.#clock = clock;
    this.#tls = tls;
    this.#context = context;
  }

  close(): void {
    this.#socket.destroy();
  }

  async startTls(): Promise<void> {
    const { samples, log, signal } = this.#context;
    const options = this.#tls.current();
    const secured = await secure(this.#socket, this.#serverName, options, signal);
    log.info('TLS handshake succeeded');
    tellChainExpiry(tellCertificate(secured, samples), options, this.#clock.nowMs(), samples);
    this.#socket = secured;
    this.#lines = new LineReader(secured);
  }

  async run(steps: readonly DialogueStep[]): Promise<boolean> {
    const { samples, log } = this.#context;
    for (const [index, step] of steps.entries()) {
      log.info('Processing query response entry', { entry_number: index });
      let { send } = step;
      if (step.expect !== undefined) {
        const groups = await this.#waitFor(step.expect);
        samples.set('failedDueToRegex', groups === undefined ? 1 : 0);
        if (groups === undefined) return false;
        const { groupNames } = step.expect;
        const expand = (template: string): string => compileExpansion(template, groupNames)(groups);
        send = expand(send);
        const labels = step.labels.map(({ name, value }) => [name, expand(value)] as const);
        if (labels.length > 0) samples.set('expectInfo', 1, Object.fromEntries(labels));
      }
      if (step.expectBytes !== '' && !(await this.#areNext(Buffer.from(step.expectBytes)))) return false;
      if (send !== '') await this.#send(send);
      if (step.startTls) await this.startTls();
    }
    return true;
  }

  /** @returns the groups of the first line that matches */
  async #waitFor(regex: Regex): Promise<Groups | undefined> {
    const { log } = this.#context;
    const spans = new Int32Array(2 * regex.groupNames.length);
    for (let line = await this.#lines.next(); line !== undefined; line = await this.#lines.next()) {
      log.info('Read line', { line: line.toString() });
      if (!regex.execBytes(line, 0, line.length, spans)) continue;
      log.info('Regexp matched', { regexp: regex.source });
      const matched = line;
      return (group) => {
        const [start = -1, end = -1] = spans.subarray(2 * group, 2 * group + 2);
        return start < 0 ? '' : matched.toString('utf8', start, end);
      };
    }
    log.error('Regexp did not match', { regexp: regex.source });
    return undefined;
  }

  async #areNext(expected: Buffer): Promise<boolean> {
    const { samples, log } = this.#context;
    const bytes = await this.#lines.bytes(expected.length);
    const [expected_bytes, got] = [expected.toString('hex'), bytes.toString('hex')];
    if (bytes.length < expected.length) {
      log.error('Read less data than expected', { expected_bytes, got });
      return false;
    }
    const isRight = bytes.equals(expected);
    samples.set('failedDueToBytes', isRight ? 0 : 1);
    if (isRight) log.info('Bytes matched', { expected_bytes });
    else log.error('Bytes did not match', { expected_bytes, got });
    return isRight;
  }

  #send(line: string): Promise<void> {
    // Its text may be a password.
    this.#context.log.info('Sending line', { bytes: Buffer.byteLength(line) });
    return new Promise((resolve, reject) => {
      this.#socket.write(`${line}\n`, (error) => (error ? reject(error) : resolve()));
    });
  }
}

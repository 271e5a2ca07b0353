/** Asks a DNS server, and looks at its records. Source: blackbox_exporter, prober/dns.go. */
import { randomInt } from 'node:crypto';
import { domainToASCII } from 'node:url';
import { configuredTls } from '@vigie/core/http-client/client-tls';
import type { Regex } from '@vigie/core/regex';
import { type DnsExchange, type DnsOutcome, exchangeDns } from './dns-exchange.ts';
import { type DnsRecord, type DnsResponse, encodeQuery } from './dns-message.ts';
import { RECORD_TYPES, RESPONSE_CODES } from './dns-names.ts';
import { recordText, serialOf } from './dns-record-text.ts';
import { chooseAddress, splitTarget } from './probe-address.ts';
import type { ProbeLog } from './probe-log.ts';
import type { DnsModule, RecordCheck } from './probe-module.ts';
import type { ProbeSamples } from './probe-samples.ts';
import { type Prober, type ProberDeps, stopwatch } from './prober.ts';

const MAX_ID = 0x10000;
const PORT = 53;
const TLS_PORT = 853;

export function dnsProber(module: DnsModule, deps: ProberDeps): Prober {
  const tls = configuredTls(module.tls, deps.clock);
  const { queryName: name, queryType: type, queryClass, wantsRecursion, transport, sourceAddress } = module;
  return async (target, context) => {
    const { samples, log, signal } = context;
    for (const phase of ['resolve', 'connect', 'request']) samples.set('dnsDuration', 0, { phase });
    samples.begin('dnsAnswers', 'dnsAuthorities', 'dnsAdditionals', 'dnsSucceeded');
    const parts = splitTarget(target);
    if (parts === undefined) {
      log.error('Error splitting target address and port: expected HOST or HOST:PORT', { target });
      return false;
    }
    const { seconds, ...server } = await chooseAddress(parts.host, module.address, context, deps);
    samples.set('dnsDuration', seconds, { phase: 'resolve' });
    const question = { name: toAscii(name), type, class: queryClass, wantsRecursion };
    const port = parts.port === '' ? (module.isTls ? TLS_PORT : PORT) : Number(parts.port);
    log.info('Making DNS query', { address: server.address, port, query: question.name, type, class: queryClass });
    const request: DnsExchange = {
      server,
      port,
      sourceAddress,
      transport,
      tls: module.isTls ? { serverName: parts.host, options: tls.current() } : undefined,
      query: encodeQuery(randomInt(MAX_ID), question),
    };
    const asking = stopwatch(deps.clock);
    let outcome: DnsOutcome;
    try {
      outcome = await exchangeDns(request, deps.clock, signal);
    } catch (error) {
      samples.set('dnsDuration', asking(), { phase: 'connect' });
      throw error;
    }
    const { response, connectSeconds, requestSeconds } = outcome;
    samples.set('dnsDuration', connectSeconds, { phase: 'connect' });
    samples.set('dnsDuration', requestSeconds, { phase: 'request' });
    tellResponse(response, type, samples);
    return isRight(response, module, log);
  };
}

function tellResponse(
  { answer, authority, additional, message }: DnsResponse,
  type: number,
  samples: ProbeSamples,
): void {
  samples.set('dnsAnswers', answer.length);
  samples.set('dnsAuthorities', authority.length);
  samples.set('dnsAdditionals', additional.length);
  samples.set('dnsSucceeded', 1);
  if (type !== RECORD_TYPES.SOA) return;
  samples.begin('dnsSerial');
  for (const record of answer) {
    const serial = serialOf(record, message);
    if (serial !== undefined) samples.set('dnsSerial', serial);
  }
}

function isRight(response: DnsResponse, module: DnsModule, log: ProbeLog): boolean {
  const { rcode, answer, authority, additional, message } = response;
  log.info('Got response', { rcode: RESPONSE_CODES[rcode] ?? rcode });
  if (!module.validRcodes.includes(rcode)) {
    log.error('Rcode is not one of the valid rcodes', { rcode: RESPONSE_CODES[rcode] ?? rcode });
    return false;
  }
  const checks = [
    ['answer', answer, module.answer],
    ['authority', authority, module.authority],
    ['additional', additional, module.additional],
  ] as const;
  return checks.every(([section, records, check]) => recordsAreRight(section, records, message, check, log));
}

function recordsAreRight(
  section: string,
  records: readonly DnsRecord[],
  message: Buffer,
  check: RecordCheck,
  log: ProbeLog,
): boolean {
  const texts = records.map((record) => recordText(record, message));
  for (const record of texts) log.info('Validating RR', { section, rr: record });
  const matchesAny = (regexes: readonly Regex[]): boolean =>
    regexes.some((regex) => texts.some((rr) => regex.test(rr)));
  const matchesAll = (regexes: readonly Regex[]): boolean =>
    regexes.every((regex) => texts.every((rr) => regex.test(rr)));
  const { failIfMatches, failIfAllMatch, failIfNotMatches, failIfNoneMatches } = check;
  const flaws = [
    ['no RRs were returned', texts.length === 0 && failIfNotMatches.length + failIfNoneMatches.length > 0],
    ['at least one RR matched fail_if_matches_regexp', matchesAny(failIfMatches)],
    ['at least one RR did not match fail_if_not_matches_regexp', !matchesAll(failIfNotMatches)],
    // Against its name, and as blackbox_exporter has it: configurations rely on what it does.
    ['not all RRs matched fail_if_all_match_regexp', !matchesAll(failIfAllMatch)],
    ['no RR matched fail_if_none_matches_regexp', failIfNoneMatches.length > 0 && !matchesAny(failIfNoneMatches)],
  ] as const;
  const [flaw] = flaws.filter(([, isFlawed]) => isFlawed);
  if (flaw !== undefined) log.error('RRs are not as they should be', { section, reason: flaw[0] });
  return flaw === undefined;
}

/** A name that cannot be written so is asked for as it is. */
function toAscii(name: string): string {
  const isPlain = /^[\x21-\x7e]*$/.test(name);
  return isPlain ? name : domainToASCII(name) || name;
}

/** `dns` of a module of blackbox.yml. Source: blackbox_exporter, config/config.go and CONFIGURATION.md. */
import { parsed, section } from '@vigie/core/config/fields';
import type { ReadContext } from '@vigie/core/config/findings';
import { httpClientEntries, readTls } from '@vigie/core/config/http-client-section';
import type { ConfigPath } from '@vigie/core/config/problem';
import { flag } from '@vigie/core/config/written-fields';
import * as v from 'valibot';
import { RECORD_CLASSES, RECORD_TYPES, RESPONSE_CODES } from '../probe/dns-names.ts';
import type { DnsModule, RecordCheck } from '../probe/probe-module.ts';
import { addressChoice, addressEntries, regexes, sourceAddress } from './probe-fields.ts';

const { tls_config } = httpClientEntries();

const recordCheck = v.nullish(
  section({
    fail_if_matches_regexp: regexes,
    fail_if_all_match_regexp: regexes,
    fail_if_not_matches_regexp: regexes,
    fail_if_none_matches_regexp: regexes,
  }),
  {},
);

export const dnsSection = section({
  ...addressEntries,
  source_ip_address: sourceAddress,
  transport_protocol: v.nullish(v.picklist(['udp', 'tcp']), 'udp'),
  dns_over_tls: flag(false),
  tls_config,
  query_name: v.pipe(v.string(), v.nonEmpty('the name to ask for')),
  query_type: numberOf('the name of a record type, such as A or SOA', RECORD_TYPES, 'ANY'),
  query_class: numberOf('the name of a class, such as IN', RECORD_CLASSES, 'IN'),
  recursion_desired: flag(true),
  valid_rcodes: v.nullish(
    v.array(parsed(`one of ${RESPONSE_CODES.join(', ')}`, (written) => indexOf(RESPONSE_CODES, written))),
  ),
  validate_answer_rrs: recordCheck,
  validate_authority_rrs: recordCheck,
  validate_additional_rrs: recordCheck,
});

/** @param path of the section */
export function readDns(dns: v.InferOutput<typeof dnsSection>, path: ConfigPath, context: ReadContext): DnsModule {
  if (dns.dns_over_tls && dns.transport_protocol !== 'tcp')
    context.findings.problemAtKey([...path, 'dns_over_tls'], 'transport_protocol tcp beside it');
  return {
    address: addressChoice(dns),
    sourceAddress: dns.source_ip_address || undefined,
    transport: dns.transport_protocol,
    isTls: dns.dns_over_tls,
    tls: readTls(dns.tls_config, [...path, 'tls_config'], context),
    queryName: dns.query_name,
    queryType: dns.query_type,
    queryClass: dns.query_class,
    wantsRecursion: dns.recursion_desired,
    validRcodes: dns.valid_rcodes ?? [RESPONSE_CODES.indexOf('NOERROR')],
    answer: toRecordCheck(dns.validate_answer_rrs),
    authority: toRecordCheck(dns.validate_authority_rrs),
    additional: toRecordCheck(dns.validate_additional_rrs),
  };
}

function toRecordCheck(written: v.InferOutput<typeof recordCheck>): RecordCheck {
  return {
    failIfMatches: written.fail_if_matches_regexp,
    failIfAllMatch: written.fail_if_all_match_regexp,
    failIfNotMatches: written.fail_if_not_matches_regexp,
    failIfNoneMatches: written.fail_if_none_matches_regexp,
  };
}

function numberOf(expected: string, numbers: Readonly<Record<string, number>>, fallback: string) {
  return v.nullish(
    parsed(expected, (written) => (Object.hasOwn(numbers, written) ? numbers[written] : undefined)),
    fallback,
  );
}

function indexOf(names: readonly string[], name: string): number | undefined {
  const index = names.indexOf(name);
  return index < 0 ? undefined : index;
}

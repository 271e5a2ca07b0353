/** One module of blackbox.yml, as it is written. Source: blackbox_exporter, config/config.go and CONFIGURATION.md. */
import { section } from '@vigie/core/config/fields';
import type { ReadContext } from '@vigie/core/config/findings';
import { httpClientEntries, readTls } from '@vigie/core/config/http-client-section';
import type { ConfigPath } from '@vigie/core/config/problem';
import { flag, optionalText } from '@vigie/core/config/written-fields';
import * as v from 'valibot';
import { PROBERS, type ProbeModule } from '../probe/probe-module.ts';
import { dnsSection, readDns } from './probe-dns-section.ts';
import { addressChoice, addressEntries, regex, sourceAddress } from './probe-fields.ts';
import { httpSection, readHttp } from './probe-http-section.ts';
import { count, wait } from './written-fields.ts';

const { tls_config } = httpClientEntries();

const tcpSection = section({
  ...addressEntries,
  source_ip_address: sourceAddress,
  query_response: v.nullish(
    v.array(
      section({
        expect: v.nullish(regex),
        expect_bytes: optionalText,
        labels: v.nullish(v.array(section({ name: v.string(), value: optionalText })), []),
        send: optionalText,
        starttls: flag(false),
      }),
    ),
    [],
  ),
  tls: flag(false),
  tls_config,
});

const grpcSection = section({ ...addressEntries, service: optionalText, tls: flag(false), tls_config });

const icmpSection = section({
  ...addressEntries,
  source_ip_address: sourceAddress,
  payload_size: count(0),
  dont_fragment: flag(false),
  ttl: count(64),
});

export const probeModuleSection = section({
  prober: v.picklist(PROBERS),
  timeout: wait('0s'),
  http: v.nullish(httpSection),
  tcp: v.nullish(tcpSection),
  dns: v.nullish(dnsSection),
  grpc: v.nullish(grpcSection),
  icmp: v.nullish(icmpSection),
});

type WrittenModule = v.InferOutput<typeof probeModuleSection>;

const EMPTY_TCP = v.parse(tcpSection, {});
const EMPTY_GRPC = v.parse(grpcSection, {});

/** @returns undefined where a problem of it is told */
export function readProbeModule(
  written: WrittenModule,
  path: ConfigPath,
  context: ReadContext,
): ProbeModule | undefined {
  const { prober } = written;
  const timeoutMs = written.timeout || undefined;
  switch (prober) {
    case 'http':
      return { prober, timeoutMs, http: readHttp(written.http, [...path, 'http'], context) };
    case 'tcp': {
      const tcp = written.tcp ?? EMPTY_TCP;
      return {
        prober,
        timeoutMs,
        tcp: {
          address: addressChoice(tcp),
          sourceAddress: tcp.source_ip_address || undefined,
          dialogue: tcp.query_response.map(({ expect, expect_bytes, labels, send, starttls }) => ({
            expect: expect ?? undefined,
            expectBytes: expect_bytes,
            labels,
            send,
            startTls: starttls,
          })),
          isTls: tcp.tls,
          tls: readTls(tcp.tls_config, [...path, 'tcp', 'tls_config'], context),
        },
      };
    }
    case 'dns': {
      const { dns } = written;
      if (dns != null) return { prober, timeoutMs, dns: readDns(dns, [...path, 'dns'], context) };
      context.findings.problem(path, 'a section dns, with the query_name to ask for');
      return undefined;
    }
    case 'grpc': {
      const grpc = written.grpc ?? EMPTY_GRPC;
      const tls = readTls(grpc.tls_config, [...path, 'grpc', 'tls_config'], context);
      return { prober, timeoutMs, grpc: { address: addressChoice(grpc), service: grpc.service, isTls: grpc.tls, tls } };
    }
    case 'icmp':
      context.findings.warn(
        [...path, 'prober'],
        'not supported: icmp needs raw sockets, which Node.js does not have; its probes are refused',
      );
      return { prober, timeoutMs };
  }
}

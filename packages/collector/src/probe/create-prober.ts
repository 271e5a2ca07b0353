/** The prober that a module asks for. */
import { assertNever } from '@vigie/core/errors';
import { dnsProber } from './dns-prober.ts';
import { grpcProber } from './grpc-prober.ts';
import { httpProber } from './http-prober.ts';
import type { ProbeModule } from './probe-module.ts';
import type { Prober, ProberDeps } from './prober.ts';
import { tcpProber } from './tcp-prober.ts';

/** @returns undefined where there is none: of ICMP */
export function createProber(module: ProbeModule, deps: ProberDeps): Prober | undefined {
  switch (module.prober) {
    case 'http':
      return httpProber(module.http, deps);
    case 'tcp':
      return tcpProber(module.tcp, deps);
    case 'dns':
      return dnsProber(module.dns, deps);
    case 'grpc':
      return grpcProber(module.grpc, deps);
    case 'icmp':
      return undefined;
    default:
      return assertNever(module);
  }
}

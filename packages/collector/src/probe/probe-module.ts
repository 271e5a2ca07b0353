/** What a module of blackbox.yml says of its probes, with the defaults filled in. Source: blackbox_exporter, config/config.go. */
import type { HttpClientConfig, TlsConfig } from '@vigie/core/config/http-client-config';
import type { Regex } from '@vigie/core/regex';

export type ProbeModule = {
  /** undefined: as long as the scrape may take. */
  readonly timeoutMs: number | undefined;
} & (
  | { readonly prober: 'http'; readonly http: HttpModule }
  | { readonly prober: 'tcp'; readonly tcp: TcpModule }
  | { readonly prober: 'dns'; readonly dns: DnsModule }
  | { readonly prober: 'grpc'; readonly grpc: GrpcModule }
  /** Known and not possible: Node.js opens no sockets of ICMP. */
  | { readonly prober: 'icmp' }
);

export const PROBERS = ['http', 'tcp', 'dns', 'grpc', 'icmp'] as const satisfies readonly ProbeModule['prober'][];

/** Which address of a name is probed. */
export interface AddressChoice {
  readonly preferred: 'ip4' | 'ip6';
  /** An address of the other protocol, where there is none of the preferred one. */
  readonly fallback: boolean;
}

export interface HttpModule {
  readonly address: AddressChoice;
  /** Names of targets are the proxy's to resolve. */
  readonly skipResolveWithProxy: boolean;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly text: string } | { readonly file: string } | undefined;
  /** Empty: every 2xx. */
  readonly validStatusCodes: readonly number[];
  /** `HTTP/1.1`, `HTTP/2.0`; empty: every one. */
  readonly validHttpVersions: readonly string[];
  readonly failIfSsl: boolean;
  readonly failIfNotSsl: boolean;
  readonly failIfBodyMatches: readonly Regex[];
  readonly failIfBodyNotMatches: readonly Regex[];
  readonly failIfHeaderMatches: readonly HeaderMatch[];
  readonly failIfHeaderNotMatches: readonly HeaderMatch[];
  /** How every body is compressed, whatever its headers say. */
  readonly compression: Compression | undefined;
  /** Of a body, decompressed; undefined: no limit, for nothing of it is kept. */
  readonly bodySizeLimit: number | undefined;
  readonly client: HttpClientConfig;
}

export const COMPRESSIONS = ['gzip', 'br', 'deflate', 'identity'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export interface HeaderMatch {
  readonly header: string;
  readonly regex: Regex;
  /** A header that is not there is as it should be. */
  readonly allowMissing: boolean;
}

export interface TcpModule {
  readonly address: AddressChoice;
  readonly sourceAddress: string | undefined;
  readonly dialogue: readonly DialogueStep[];
  /** From the first byte. */
  readonly isTls: boolean;
  readonly tls: TlsConfig;
}

/** In this order: a line that is waited for, bytes that have to come next, a line that is sent, and TLS from then on. */
export interface DialogueStep {
  readonly expect: Regex | undefined;
  /** In UTF-8; '' expects none. */
  readonly expectBytes: string;
  /** Of `probe_expect_info`; values may name groups of `expect`. */
  readonly labels: readonly { readonly name: string; readonly value: string }[];
  /** May name groups of `expect`; '' sends nothing. */
  readonly send: string;
  readonly startTls: boolean;
}

export interface DnsModule {
  readonly address: AddressChoice;
  readonly sourceAddress: string | undefined;
  readonly transport: 'udp' | 'tcp';
  /** With tcp. */
  readonly isTls: boolean;
  readonly tls: TlsConfig;
  readonly queryName: string;
  /** Numbers of the protocol. */
  readonly queryType: number;
  readonly queryClass: number;
  readonly wantsRecursion: boolean;
  readonly validRcodes: readonly number[];
  readonly answer: RecordCheck;
  readonly authority: RecordCheck;
  readonly additional: RecordCheck;
}

/** Of the records of one section, as zone files write them. */
export interface RecordCheck {
  readonly failIfMatches: readonly Regex[];
  readonly failIfAllMatch: readonly Regex[];
  readonly failIfNotMatches: readonly Regex[];
  readonly failIfNoneMatches: readonly Regex[];
}

export interface GrpcModule {
  readonly address: AddressChoice;
  /** '': the server as a whole. */
  readonly service: string;
  readonly isTls: boolean;
  readonly tls: TlsConfig;
}

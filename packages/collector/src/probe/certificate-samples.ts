/** What a TLS connection says of its server's certificates. Source: blackbox_exporter, prober/tls.go; Go, crypto/x509/pkix. */
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { ClientTlsOptions } from '@vigie/core/tls';
import type { ProbeSamples } from './probe-samples.ts';
import { authoritiesOf, lastChainEnd } from './verified-chain.ts';

/** Go's time of nothing, in Unix seconds: there is no chain that was verified. */
const NO_TIME = -62_135_596_800;
/** A chain that refers to itself has an end all the same. */
const MAX_CHAIN = 32;

const VERSIONS: Readonly<Record<string, string>> = {
  TLSv1: 'TLS 1.0',
  'TLSv1.1': 'TLS 1.1',
  'TLSv1.2': 'TLS 1.2',
  'TLSv1.3': 'TLS 1.3',
};

/** @returns the server's own, which Node.js gives once */
export function tellCertificate(socket: TLSSocket, samples: ProbeSamples): X509Certificate | undefined {
  const leaf = socket.getPeerX509Certificate();
  if (leaf === undefined) return undefined;
  samples.set('earliestExpiry', expiryOf(leaf));
  samples.set('chainInfo', 1, {
    fingerprint_sha256: leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
    subject: goName(leaf.subject),
    issuer: goName(leaf.issuer),
    subjectalternative: dnsNames(leaf.subjectAltName ?? ''),
    serialnumber: serialNumber(leaf.serialNumber),
  });
  samples.set('tlsVersion', 1, { version: VERSIONS[socket.getProtocol() ?? ''] ?? 'unknown' });
  return leaf;
}

/** @param options of the connection: by them it was held against authorities, or not */
export function tellChainExpiry(
  leaf: X509Certificate | undefined,
  options: ClientTlsOptions,
  nowMs: number,
  samples: ProbeSamples,
): void {
  if (leaf === undefined) return;
  const isVerified = options.rejectUnauthorized !== false;
  samples.set('chainExpiry', isVerified ? chainExpiryOf(leaf, options, nowMs) : NO_TIME);
}

export function tellCipher(socket: TLSSocket, samples: ProbeSamples): void {
  samples.set('tlsCipher', 1, { cipher: socket.getCipher().standardName });
}

/** Unix seconds. Of an authority that Node.js was told of by its environment nothing is known but what was sent. */
function chainExpiryOf(leaf: X509Certificate, options: ClientTlsOptions, nowMs: number): number {
  const endMs = lastChainEnd(chainOf(leaf), authoritiesOf(options), nowMs);
  return endMs === undefined ? expiryOf(leaf) : endMs / 1000;
}

/** Unix seconds: when the first of those ends that the server sent. */
function expiryOf(leaf: X509Certificate): number {
  return Math.min(...chainOf(leaf).map(({ validTo }) => Date.parse(validTo) / 1000));
}

/** As it was sent. */
function chainOf(leaf: X509Certificate): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  let certificate: X509Certificate | undefined = leaf;
  while (certificate !== undefined && chain.length < MAX_CHAIN) {
    chain.push(certificate);
    certificate = certificate.issuerCertificate;
  }
  return chain;
}

/** In the order in which Go writes them; what is not among them comes behind. */
const ATTRIBUTES: readonly (readonly [openssl: string, go: string])[] = [
  ['serialNumber', 'SERIALNUMBER'],
  ['CN', 'CN'],
  ['postalCode', 'POSTALCODE'],
  ['street', 'STREET'],
  ['ST', 'ST'],
  ['L', 'L'],
  ['OU', 'OU'],
  ['O', 'O'],
  ['C', 'C'],
];

/** @param lines `C=DE\nO=Shop\nCN=example.com`, values escaped as RFC 2253 has it
 *  @returns `CN=example.com,O=Shop,C=DE` */
function goName(lines: string): string {
  const pairs = lines
    .split('\n')
    .filter((line) => line.includes('='))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const);
  const known = ATTRIBUTES.flatMap(([openssl, go]) => {
    const values = pairs.filter(([name]) => name === openssl).map(([, value]) => `${go}=${value}`);
    return values.length === 0 ? [] : [values.join('+')];
  });
  const others = pairs.filter(([name]) => !ATTRIBUTES.some(([openssl]) => openssl === name));
  return [...known, ...others.reverse().map(([name, value]) => `${name}=${value}`)].join(',');
}

function dnsNames(subjectAltName: string): string {
  return Array.from(subjectAltName.matchAll(/(?:^|, )DNS:("(?:[^"\\]|\\.)*"|[^,]*)/g), ([, name = '']) => name).join(
    ',',
  );
}

function serialNumber(hex: string): string {
  return (hex.length % 2 === 0 ? hex : `0${hex}`).toLowerCase();
}

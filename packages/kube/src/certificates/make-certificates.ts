/** A serving certificate and the authority that vouches for it, made here. The authority signs this one certificate and its
 *  key is forgotten: there is none that could be stolen to sign another. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { bug } from '@vigie/core/errors';

export interface MadeCertificates {
  /** PEM, as the other two. */
  readonly ca: string;
  readonly cert: string;
  /** PKCS#8. */
  readonly key: string;
}

/** P-256: every TLS client has it, and a key takes a millisecond. */
const KEY = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNATURE = { ...KEY, hash: 'SHA-256' };
/** Of a node whose clock is late, where the certificate lasts long enough for that. */
const CLOCK_SKEW_MS = 300_000;
const CLOCK_SKEW_SHARE = 0.1;
const SERIAL_BYTES = 16;

/** @param owner in the authority's name: `vigie sidecar webhook`
 *  @param names DNS names of the server
 *  @param nowMs Unix time */
export async function makeCertificates(
  owner: string,
  names: readonly string[],
  nowMs: number,
  validityMs: number,
): Promise<MadeCertificates> {
  const [authority, server] = await Promise.all([newKeys(), newKeys()]);
  const issuer = `CN=${owner} CA ${new Date(nowMs).toISOString()}`;
  const skewMs = Math.min(CLOCK_SKEW_MS, validityMs * CLOCK_SKEW_SHARE);
  const validity = { notBefore: new Date(nowMs - skewMs), notAfter: new Date(nowMs + validityMs) };
  const sign = (subject: string, publicKey: webcrypto.CryptoKey, extensions: Extension[]) =>
    X509CertificateGenerator.create(
      {
        serialNumber: serialNumber(),
        subject,
        issuer,
        ...validity,
        publicKey,
        signingKey: authority.privateKey,
        signingAlgorithm: SIGNATURE,
        extensions,
      },
      webcrypto,
    );
  const ca = await sign(issuer, authority.publicKey, [
    new BasicConstraintsExtension(true, 0, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    await SubjectKeyIdentifierExtension.create(authority.publicKey, false, webcrypto),
  ]);
  const cert = await sign(`CN=${names[0] ?? 'vigie'}`.slice(0, 3 + MAX_COMMON_NAME), server.publicKey, [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value }))),
    await AuthorityKeyIdentifierExtension.create(authority.publicKey, false, webcrypto),
  ]);
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', server.privateKey)).toString('base64');
  const lines = key.replace(/.{64}/g, '$&\n').trimEnd();
  return {
    ca: `${ca.toString('pem')}\n`,
    cert: `${cert.toString('pem')}\n`,
    key: `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`,
  };
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
  if ('privateKey' in keys) return keys;
  throw bug('ECDSA has a pair of keys');
}

/** RFC 5280 has no room for more. */
const MAX_COMMON_NAME = 64;

/** Positive, and never twice: clients keep certificates apart by issuer and serial number. */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(SERIAL_BYTES));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

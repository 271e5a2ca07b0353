/** Authorities and the certificates that they sign, made for one test. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

export interface Issued {
  readonly cert: string;
  /** PKCS#8. */
  readonly key: string;
}

export interface Subject {
  /** As in a certificate: `CN=kim,O=devs`; or its parts, of one or several attributes. */
  readonly subject: string | { [attribute: string]: string[] }[];
  readonly use?: 'client' | 'server';
  /** Of a server. */
  readonly hosts?: { readonly dns: readonly string[]; readonly ip: readonly string[] };
  readonly fromMs?: number;
  readonly untilMs?: number;
}

const KEY = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNING = { ...KEY, hash: 'SHA-256' };
const HOUR_MS = 3_600_000;

let serial = 1;

export class Authority {
  /** PEM. */
  readonly cert: string;
  readonly #name: string;
  readonly #keys: webcrypto.CryptoKeyPair;

  private constructor(name: string, cert: string, keys: webcrypto.CryptoKeyPair) {
    this.#name = name;
    this.cert = cert;
    this.#keys = keys;
  }

  static async create(name: string): Promise<Authority> {
    const keys = await newKeys();
    return new Authority(name, await authorityCertificate(name, keys, {}), keys);
  }

  /** @returns PEM: a certificate of the same name and key, for another time */
  renewed(times: Pick<Subject, 'fromMs' | 'untilMs'>): Promise<string> {
    return authorityCertificate(this.#name, this.#keys, times);
  }

  async issue({ subject, use = 'client', hosts, ...times }: Subject): Promise<Issued> {
    const keys = await newKeys();
    const names = [
      ...(hosts?.dns ?? []).map((value) => ({ type: 'dns', value }) as const),
      ...(hosts?.ip ?? []).map((value) => ({ type: 'ip', value }) as const),
    ];
    const usage = use === 'client' ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth;
    const certificate = await X509CertificateGenerator.create(
      {
        ...numbered(),
        subject,
        issuer: `CN=${this.#name}`,
        ...validity(times),
        publicKey: keys.publicKey,
        signingKey: this.#keys.privateKey,
        signingAlgorithm: SIGNING,
        extensions: [
          new BasicConstraintsExtension(false),
          new ExtendedKeyUsageExtension([usage]),
          ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
        ],
      },
      webcrypto,
    );
    const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
    return {
      cert: `${certificate.toString('pem')}\n`,
      key: `-----BEGIN PRIVATE KEY-----\n${key.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`,
    };
  }
}

async function authorityCertificate(
  name: string,
  keys: webcrypto.CryptoKeyPair,
  times: Pick<Subject, 'fromMs' | 'untilMs'>,
): Promise<string> {
  const certificate = await X509CertificateGenerator.create(
    {
      ...numbered(),
      subject: `CN=${name}`,
      issuer: `CN=${name}`,
      ...validity(times),
      publicKey: keys.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: SIGNING,
      extensions: [
        new BasicConstraintsExtension(true, 1, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
      ],
    },
    webcrypto,
  );
  return `${certificate.toString('pem')}\n`;
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
}

function numbered(): { readonly serialNumber: string } {
  return { serialNumber: (serial++).toString(16).padStart(8, '0') };
}

function validity({ fromMs = -HOUR_MS, untilMs = HOUR_MS }: Pick<Subject, 'fromMs' | 'untilMs'>) {
  const nowMs = Date.now();
  return { notBefore: new Date(nowMs + fromMs), notAfter: new Date(nowMs + untilMs) };
}

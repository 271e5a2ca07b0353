/** A certificate authority of a suite's own, by the openssl command. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandExists, installDebianPackages } from './debian.ts';
import { runToEnd } from './run-to-end.ts';

export interface Certificate {
  readonly certFile: string;
  /** PKCS#8, unencrypted: the only form that OpenSearch's security plugin, Node and Go all read. */
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  readonly caFile: string;
  readonly ca: string;
  readonly caKeyFile: string;
  /** @param name common name, for a client its user; files are called after it
   *  @param subjectAltName as openssl writes it, `IP:127.0.0.1,DNS:localhost` for a server
   *  @param organization for a client its group */
  issue(name: string, subjectAltName?: string, organization?: string): Certificate;
}

/** P-256 keys: a second per RSA key is too much for a suite that makes six. */
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function openssl(args: readonly string[]): void {
  runToEnd('openssl', args);
}

/** More than any suite takes. */
const DEFAULT_DAYS = 2;

/** Makes a CA in `folder`.
 *  @param days until it ends, and what it issues */
export function createAuthority(folder: string, days = DEFAULT_DAYS): Authority {
  if (!commandExists('openssl', 'version'))
    installDebianPackages(['openssl'], 'the TLS suites make their certificates with openssl');
  const caFile = join(folder, 'ca.pem');
  const caKeyFile = join(folder, 'ca-key.pem');
  const ends = ['-days', String(days)];
  openssl(['req', '-x509', ...KEY, '-keyout', caKeyFile, '-out', caFile, ...ends, '-subj', '/CN=Vigie test CA']);
  return {
    caFile,
    ca: readFileSync(caFile, 'utf8'),
    caKeyFile,
    issue: (name, subjectAltName, organization = '') => {
      const [certFile, keyFile, request, extensions] = ['', '-key', '-request', '-extensions'].map((suffix) =>
        join(folder, `${name}${suffix}.pem`),
      ) as [string, string, string, string];
      writeFileSync(extensions, subjectAltName === undefined ? '' : `subjectAltName=${subjectAltName}\n`);
      const subject = `${organization === '' ? '' : `/O=${organization}`}/CN=${name}`;
      openssl(['req', '-new', ...KEY, '-keyout', keyFile, '-out', request, '-subj', subject]);
      const signedBy = ['-CA', caFile, '-CAkey', caKeyFile, '-CAcreateserial', ...ends];
      openssl(['x509', '-req', '-in', request, ...signedBy, '-extfile', extensions, '-out', certFile]);
      return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
    },
  };
}

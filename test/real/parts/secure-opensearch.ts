import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../leash.ts';
import { builtOnce } from './cache.ts';
import { type Authority, createAuthority } from './certificates.ts';
import { jdk, runMaven } from './java.ts';
import { type RealServer, type ServerOptions, startJvmServer } from './jvm-server.ts';
import { installOpenSearch, OPENSEARCH_JVM_FLAGS, OPENSEARCH_MAIN } from './opensearch.ts';
import { runToEnd } from './run-to-end.ts';

const THIS_FILE = fileURLToPath(import.meta.url);
const POM = fileURLToPath(new URL('./opensearch-security/pom.xml', import.meta.url));
const CONFIG = fileURLToPath(new URL('./opensearch-security/config', import.meta.url));

/** The users of opensearch-security/config/internal_users.yml. `shipper` may write data streams logs-* and nothing else. */
export const SECURE_USERS = {
  admin: { user: 'admin', password: 'lookout-admin-1' },
  shipper: { user: 'shipper', password: 'lookout-ship-1' },
} as const;

/** The user that a client certificate of this common name is. */
export const CERTIFIED_USER = 'certified-shipper';

/** An OpenSearch node with HTTPS by a CA of its own and users; as an endpoint it is seen by `admin`. */
export interface SecureServer extends RealServer {
  readonly authority: Authority;
}

/** `lucene-core-9.12.3.jar` is `lucene-core`. */
function artifactOf(jar: string): string {
  return jar.replace(/-\d[^-]*(-[a-z]+)?\.jar$/, '');
}

/** The plugin's jars less those that the node brings itself: two versions of a class on one class path would be met in no order. */
function securityJars(coreFolder: string): readonly string[] {
  const plugin = builtOnce('opensearch-security', [POM, THIS_FILE], (folder) => {
    // Not Maven's own unpacking: it leaves marks beside the pom, and where they are it unpacks nothing.
    runMaven(POM, 'copy-dependencies', '-DincludeTypes=zip', `-DoutputDirectory=${folder}`);
    for (const zip of readdirSync(folder)) runToEnd(jdk().jar, ['--extract', '--file', zip], { cwd: folder });
  });
  const inCore = new Set(readdirSync(join(coreFolder, 'lib')).map(artifactOf));
  return readdirSync(plugin)
    .filter((name) => name.endsWith('.jar') && !inCore.has(artifactOf(name)))
    .map((name) => join(plugin, name));
}

/** One OpenSearch 2.19 node with the security plugin: TLS on HTTP and transport, basic auth, client certificates. */
export async function startSecureOpenSearch(options: ServerOptions = {}): Promise<SecureServer> {
  const core = installOpenSearch();
  const jars = securityJars(core);
  const authority = createAuthority(temporaryFolder('authority'));
  const node = authority.issue('node', 'IP:127.0.0.1,DNS:localhost');
  const pem = (layer: 'http' | 'transport'): Record<string, string> => ({
    [`plugins.security.ssl.${layer}.pemcert_filepath`]: 'node.pem',
    [`plugins.security.ssl.${layer}.pemkey_filepath`]: 'node-key.pem',
    [`plugins.security.ssl.${layer}.pemtrustedcas_filepath`]: 'ca.pem',
  });
  const server = await startJvmServer(
    {
      kind: 'opensearch',
      classPath: [join(core, 'classes'), join(core, 'lib', '*'), ...jars],
      mainClass: OPENSEARCH_MAIN,
      jvmFlags: OPENSEARCH_JVM_FLAGS,
      extraArguments: ['plugin=org.opensearch.security.OpenSearchSecurityPlugin'],
      scheme: 'https',
      access: { tls: { ca: authority.ca }, basic: SECURE_USERS.admin },
      prepare: (home) => {
        const config = join(home, 'config');
        mkdirSync(join(config, 'opensearch-security'));
        cpSync(CONFIG, join(config, 'opensearch-security'), { recursive: true });
        cpSync(authority.caFile, join(config, 'ca.pem'));
        cpSync(node.certFile, join(config, 'node.pem'));
        cpSync(node.keyFile, join(config, 'node-key.pem'));
      },
    },
    {
      ...options,
      settings: {
        ...pem('http'),
        ...pem('transport'),
        'plugins.security.ssl.http.enabled': 'true',
        'plugins.security.ssl.http.clientauth_mode': 'OPTIONAL',
        'plugins.security.ssl.transport.enforce_hostname_verification': 'false',
        'plugins.security.nodes_dn': '[CN=node]',
        'plugins.security.allow_default_init_securityindex': 'true',
        'plugins.security.restapi.roles_enabled': '[all_access]',
        'plugins.security.audit.type': 'noop',
        ...options.settings,
      },
    },
  );
  return { ...server, authority };
}

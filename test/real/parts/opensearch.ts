import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtOnce } from './cache.ts';
import { compileLauncher, jdk, runMaven } from './java.ts';
import { type RealServer, type ServerOptions, startJvmServer } from './jvm-server.ts';

const THIS_FILE = fileURLToPath(import.meta.url);
const POM = fileURLToPath(new URL('./opensearch/pom.xml', import.meta.url));
const LAUNCHER = fileURLToPath(new URL('./opensearch/OpenSearchNode.java', import.meta.url));

export const OPENSEARCH_MAIN = 'OpenSearchNode';
export const OPENSEARCH_JVM_FLAGS: readonly string[] = ['-Dopensearch.set.netty.runtime.available.processors=false'];

/** The jars of the node and its compiled launcher.
 *  @returns a folder with `lib` and `classes` */
export function installOpenSearch(): string {
  jdk();
  return builtOnce('opensearch', [POM, LAUNCHER, THIS_FILE], (folder) => {
    runMaven(POM, 'copy-dependencies', `-DoutputDirectory=${join(folder, 'lib')}`);
    compileLauncher(LAUNCHER, join(folder, 'lib', '*'), join(folder, 'classes'));
  });
}

/** One OpenSearch 2.19 node on 127.0.0.1 with data of its own, without users and TLS. */
export function startOpenSearch(options: ServerOptions = {}): Promise<RealServer> {
  const folder = installOpenSearch();
  return startJvmServer(
    {
      kind: 'opensearch',
      classPath: [join(folder, 'classes'), join(folder, 'lib', '*')],
      mainClass: OPENSEARCH_MAIN,
      jvmFlags: OPENSEARCH_JVM_FLAGS,
      extraArguments: [],
      scheme: 'http',
      access: {},
    },
    options,
  );
}

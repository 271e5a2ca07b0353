import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtOnce } from './cache.ts';
import { compileLauncher, jdk, runMaven } from './java.ts';
import { type RealServer, type ServerOptions, startJvmServer } from './jvm-server.ts';
import { runToEnd } from './run-to-end.ts';

const THIS_FILE = fileURLToPath(import.meta.url);
const POM = fileURLToPath(new URL('./elasticsearch/pom.xml', import.meta.url));
const LAUNCHER = fileURLToPath(new URL('./elasticsearch/ElasticsearchNode.java', import.meta.url));

/** The jars of the node, with the HTTP transport as a module in a folder of its own: on the class path the node refuses it. */
export function installElasticsearch(): string {
  jdk();
  return builtOnce('elasticsearch', [POM, LAUNCHER, THIS_FILE], (folder) => {
    const jars = join(folder, 'lib');
    runMaven(POM, 'copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${jars}`);
    const transport = join(folder, 'modules', 'transport-netty4');
    mkdirSync(transport, { recursive: true });
    for (const jar of readdirSync(jars)) {
      if (/^(netty-|transport-netty4)/.test(jar)) renameSync(join(jars, jar), join(transport, jar));
    }
    writeFileSync(join(transport, 'plugin-descriptor.properties'), transportDescriptor(folder, transport));
    compileLauncher(LAUNCHER, join(jars, '*'), join(folder, 'classes'));
  });
}

/** The descriptor lies in the transport's jar. Without its module name, because the jars are no modular distribution here. */
function transportDescriptor(folder: string, transport: string): string {
  const jar = readdirSync(transport).find((name) => name.startsWith('transport-netty4-')) ?? '';
  const entry = 'META-INF/es-plugins/transport-netty4/plugin-descriptor.properties';
  runToEnd(jdk().jar, ['--extract', '--file', join(transport, jar), entry], { cwd: folder });
  return readFileSync(join(folder, entry), 'utf8').replace(/^modulename=.*$/m, '');
}

/** One Elasticsearch 8.19 node on 127.0.0.1 with data of its own. */
export function startElasticsearch(options: ServerOptions = {}): Promise<RealServer> {
  const folder = installElasticsearch();
  return startJvmServer(
    {
      kind: 'elasticsearch',
      classPath: [join(folder, 'classes'), join(folder, 'lib', '*')],
      mainClass: 'ElasticsearchNode',
      jvmFlags: [],
      extraArguments: [join(folder, 'modules')],
      scheme: 'http',
      access: {},
    },
    options,
  );
}

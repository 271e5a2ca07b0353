/** A Java application with Prometheus' metrics jar as its agent. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../deadline.ts';
import { killLeashed, spawnLeashed } from '../leash.ts';
import { builtOnce } from './cache.ts';
import { freePort } from './free-port.ts';
import { compileLauncher, jdk, runMaven } from './java.ts';

const THIS_FILE = fileURLToPath(import.meta.url);
const POM = fileURLToPath(new URL('./java-app/pom.xml', import.meta.url));
const SOURCE = fileURLToPath(new URL('./java-app/Shop.java', import.meta.url));
const AGENT_CONFIG = fileURLToPath(new URL('./java-app/agent.yml', import.meta.url));
const START_TIMEOUT_MS = 60_000;

export interface RealJavaApp {
  /** `127.0.0.1:PORT`, of its metrics. */
  readonly address: string;
  stop(): Promise<void>;
}

export async function startJavaApp(): Promise<RealJavaApp> {
  jdk();
  const root = builtOnce('java-app', [POM, SOURCE, THIS_FILE], (folder) => {
    runMaven(POM, 'copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${join(folder, 'lib')}`);
    compileLauncher(SOURCE, join(folder, 'lib', '*'), join(folder, 'classes'));
  });
  const agent = readdirSync(join(root, 'lib')).find((name) => name.startsWith('jmx_prometheus_javaagent'));
  if (agent === undefined) throw new Error(`Maven has brought no jmx_prometheus_javaagent to ${root}`);
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawnLeashed(
    jdk().java,
    [
      ...['-Xmx64m', '-XX:TieredStopAtLevel=1', `-javaagent:${join(root, 'lib', agent)}=${address}:${AGENT_CONFIG}`],
      ...['-cp', join(root, 'classes'), 'Shop'],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  await until('the Java application to answer', START_TIMEOUT_MS, async () =>
    (await fetch(`http://${address}/metrics`)).ok ? true : undefined,
  );
  return { address, stop: () => killLeashed(child) };
}

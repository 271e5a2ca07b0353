import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { commandExists, installDebianPackages } from './debian.ts';
import { runToEnd } from './run-to-end.ts';

/** Elasticsearch 8 needs 17; from 24 on there is no security manager, which OpenSearch 2 asks for. */
const OLDEST_JAVA = 17;
const NEWEST_JAVA = 23;

/** A JDK: the servers run on it and their launchers are compiled by it. */
export interface Jdk {
  readonly java: string;
  readonly javac: string;
  readonly jar: string;
}

function jdkAt(home: string): Jdk | undefined {
  const jdk = { java: join(home, 'bin', 'java'), javac: join(home, 'bin', 'javac'), jar: join(home, 'bin', 'jar') };
  const result = spawnSync(jdk.javac, ['-version'], { encoding: 'utf8' });
  const major = Number(/^javac (\d+)/m.exec(`${result.stdout}${result.stderr}`)?.[1]);
  return major >= OLDEST_JAVA && major <= NEWEST_JAVA ? jdk : undefined;
}

function jdkInDebian(): Jdk | undefined {
  const root = '/usr/lib/jvm';
  for (const name of existsSync(root) ? readdirSync(root) : []) {
    const jdk = jdkAt(join(root, name));
    if (jdk) return jdk;
  }
  return undefined;
}

const DEPENDENCY_PLUGIN_VERSION = '3.8.1';

let found: Jdk | undefined;

/** The JDK of JAVA_HOME, else one below /usr/lib/jvm, else Debian's, installed. */
export function jdk(): Jdk {
  const home = process.env.JAVA_HOME;
  found ??= (home === undefined ? undefined : jdkAt(home)) ?? jdkInDebian();
  if (found) return found;
  const purpose = `OpenSearch and Elasticsearch need a JDK ${OLDEST_JAVA} to ${NEWEST_JAVA} (JAVA_HOME names another place)`;
  installDebianPackages(['openjdk-17-jdk-headless'], purpose);
  found = jdkInDebian();
  if (!found) throw new Error(`${purpose}, and openjdk-17-jdk-headless did not bring one below /usr/lib/jvm`);
  return found;
}

/** Runs a goal of Maven's dependency plugin on a pom.
 *  @throws {Error} with Maven's own words when an artifact does not come */
export function runMaven(pom: string, goal: string, ...properties: readonly string[]): void {
  if (!commandExists('mvn'))
    installDebianPackages(['maven', 'openjdk-17-jdk-headless'], 'the servers come from Maven Central');
  const plugin = `org.apache.maven.plugins:maven-dependency-plugin:${DEPENDENCY_PLUGIN_VERSION}`;
  runToEnd('mvn', ['-B', '-ntp', '-q', '-f', pom, `${plugin}:${goal}`, ...properties]);
}

/** Compiles one launcher into a folder of classes. */
export function compileLauncher(source: string, classPath: string, classes: string): void {
  runToEnd(jdk().javac, ['-cp', classPath, '-d', classes, source]);
}

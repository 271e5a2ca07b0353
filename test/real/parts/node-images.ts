/** The images of a test's node, made from what this machine has. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ImageContent, writeImage } from './oci-image.ts';
import { runToEnd } from './run-to-end.ts';

export const PAUSE_IMAGE = 'docker.io/vigie-real/pause:1';
export const BUSYBOX_IMAGE = 'docker.io/vigie-real/busybox:1';

const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url));
const APPLETS = ['sh', 'sleep', 'echo', 'cat', 'env', 'mv', 'touch', 'wget'];
const appletsIn = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(APPLETS.map((applet) => [`${folder}/${applet}`, '/bin/busybox']));

/** What keeps the namespaces of a pod: it has to do nothing. */
export function writePauseImage(folder: string, archive: string, busybox: string): void {
  const entrypoint = ['/bin/busybox', 'sleep', '2147483647'];
  writeImage(folder, archive, { name: PAUSE_IMAGE, files: { 'bin/busybox': busybox }, entrypoint });
}

/** A shell that writes logs. */
export function writeBusyboxImage(folder: string, archive: string, busybox: string): void {
  writeImage(folder, archive, {
    name: BUSYBOX_IMAGE,
    files: { 'bin/busybox': busybox },
    links: appletsIn('bin'),
    env: ['PATH=/bin'],
    entrypoint: ['/bin/sh'],
  });
}

/** The last stage of deploy/images/vigie.Dockerfile on another base: this process's Node and its libraries in place of node:24-slim. */
export function writeAgentImage(folder: string, archive: string, busybox: string): void {
  const dockerfile = readFileSync(join(CHECKOUT, 'deploy/images/vigie.Dockerfile'), 'utf8').replaceAll('\\\n', ' ');
  const stage = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
  const copies = stage.matchAll(/^COPY --from=build \/src\/(\S+) \/(\S+)$/gm);
  const variables = Array.from(stage.matchAll(/^ENV (.+)$/gm), ([, line = '']) => variablesOf(line)).flat();
  const [, tag = ''] = /-t (\S+) \.$/m.exec(dockerfile) ?? [];
  const [, user = ''] = /^USER (\S+)$/m.exec(stage) ?? [];
  const image: ImageContent = {
    name: `docker.io/${tag}`,
    files: {
      'bin/busybox': busybox,
      'usr/local/bin/node': process.execPath,
      ...librariesOf(process.execPath),
      ...Object.fromEntries(Array.from(copies, ([, from = '', to = '']) => [to, join(CHECKOUT, from)])),
    },
    links: appletsIn('usr/bin'),
    env: ['PATH=/usr/local/bin:/usr/bin:/bin', ...variables],
    user,
    entrypoint: ['vigie'],
  };
  writeImage(folder, archive, image);
}

/** `A="x y" B=z` */
function variablesOf(line: string): readonly string[] {
  return Array.from(
    line.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g),
    ([, name, quoted, plain]) => `${name}=${quoted ?? plain}`,
  );
}

/** The shared libraries of a program and its loader, at the places where the program looks for them. */
function librariesOf(program: string): Readonly<Record<string, string>> {
  const lines = runToEnd('ldd', [program]).matchAll(/^\s*(?:\S+ => )?(\/\S+) \(/gm);
  return Object.fromEntries(Array.from(lines, ([, file = '']) => [file.slice(1), file]));
}

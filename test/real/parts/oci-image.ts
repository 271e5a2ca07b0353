/** An OCI image archive from local files, for a node that has no registry. */
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runToEnd } from './run-to-end.ts';

export interface ImageContent {
  /** `docker.io/vigie/vigie:0.1.0`: containerd knows images by their whole names alone. */
  readonly name: string;
  /** Files and folders by their path in the image. */
  readonly files: Readonly<Record<string, string>>;
  /** What each link leads to. */
  readonly links?: Readonly<Record<string, string>>;
  readonly env?: readonly string[];
  readonly user?: string;
  readonly entrypoint: readonly string[];
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** @param folder is made, for the parts of the archive, and gone afterwards
 *  @param archive the file that comes to be */
export function writeImage(folder: string, archive: string, image: ImageContent): void {
  const [root, layout] = [join(folder, 'root'), join(folder, 'layout')];
  for (const name of ['tmp', 'etc', 'proc', 'sys', 'dev']) mkdirSync(join(root, name), { recursive: true });
  chmodSync(join(root, 'tmp'), 0o1777);
  for (const [path, source] of Object.entries(image.files)) {
    const target = join(root, path);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(source, target, { recursive: true, dereference: true });
    if (statSync(target).isFile()) chmodSync(target, 0o755);
  }
  for (const [path, target] of Object.entries(image.links ?? {})) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    symlinkSync(target, join(root, path));
  }
  const blobs = join(layout, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const layerFile = join(folder, 'layer.tar');
  runToEnd('tar', ['--numeric-owner', '--owner=0', '--group=0', '-C', root, '-cf', layerFile, '.']);
  const addBlob = (content: Buffer): { digest: string; size: number } => {
    const hash = createHash('sha256').update(content).digest('hex');
    writeFileSync(join(blobs, hash), content);
    return { digest: `sha256:${hash}`, size: content.length };
  };
  const addJson = (document: object): { digest: string; size: number } =>
    addBlob(Buffer.from(JSON.stringify(document)));
  const layer = addBlob(readFileSync(layerFile));
  const platform = { architecture: ARCHITECTURES[process.arch] ?? process.arch, os: 'linux' };
  const { env: Env = [], user: User = '', entrypoint: Entrypoint } = image;
  const config = addJson({
    ...platform,
    config: { Env, User, Entrypoint },
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  });
  const manifest = addJson({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
  });
  const annotations = { 'io.containerd.image.name': image.name };
  const index = { schemaVersion: 2, manifests: [{ mediaType: MANIFEST, ...manifest, platform, annotations }] };
  writeFileSync(join(layout, 'index.json'), JSON.stringify(index));
  writeFileSync(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  runToEnd('tar', ['-C', layout, '-cf', archive, '.']);
  rmSync(folder, { recursive: true });
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

/** Secrets and ConfigMaps that objects refer to, as they were read last. */
import * as v from 'valibot';
import { describeObstacle } from '../answer.ts';
import { type KubeClient, resourcePath } from '../client.ts';

export interface AssetReference {
  readonly source: 'Secret' | 'ConfigMap';
  readonly name: string;
  readonly key: string;
}

type Content =
  | { readonly status: 'read'; readonly values: Readonly<Record<string, string>> }
  | { readonly status: 'unreadable'; readonly why: string };

const RESOURCES = { Secret: 'secrets', ConfigMap: 'configmaps' } as const;
const texts = v.nullish(v.record(v.string(), v.string()), {});
const assetSchema = v.object({ data: texts, binaryData: texts });

export class AssetStore {
  readonly #client: Pick<KubeClient, 'request'>;
  readonly #contents = new Map<string, Content>();
  /** Reads that were refused or failed, since the start. */
  failures = 0;

  constructor(client: Pick<KubeClient, 'request'>) {
    this.#client = client;
  }

  get(asset: string): Content | undefined {
    return this.#contents.get(asset);
  }

  /** Reads them, again where they are known: one request each. What was read stays while it cannot be read again for a reason that
   *  passes.
   *  @param assets as AssetLookup names them
   *  @returns those that are otherwise than before
   *  @throws the signal's reason */
  async read(assets: Iterable<string>, signal: AbortSignal): Promise<ReadonlySet<string>> {
    const changed = new Set<string>();
    for (const asset of assets) {
      const before = this.#contents.get(asset);
      const content = await this.#read(asset, before, signal);
      if (JSON.stringify(content) === JSON.stringify(before)) continue;
      this.#contents.set(asset, content);
      changed.add(asset);
    }
    return changed;
  }

  /** Forgets all but these. */
  keep(assets: ReadonlySet<string>): void {
    for (const asset of this.#contents.keys()) if (!assets.has(asset)) this.#contents.delete(asset);
  }

  async #read(asset: string, before: Content | undefined, signal: AbortSignal): Promise<Content> {
    const [source = '', namespace = '', name = ''] = asset.split('/');
    const resource = source === 'Secret' ? RESOURCES.Secret : RESOURCES.ConfigMap;
    const path = resourcePath({ group: '', version: 'v1', resource }, namespace, name);
    const answer = await this.#client.request({ method: 'GET', path }, signal);
    if (answer.status !== 'ok') {
      this.failures++;
      const isGone = answer.status === 'refused' && (answer.httpStatus === 404 || answer.httpStatus === 403);
      if (!isGone && before?.status === 'read') return before;
      return { status: 'unreadable', why: describeObstacle(answer) };
    }
    const decoded = v.safeParse(assetSchema, answer.body);
    if (!decoded.success) return { status: 'unreadable', why: `it is no ${source}` };
    const { data, binaryData } = decoded.output;
    return {
      status: 'read',
      values: source === 'Secret' ? decodedTexts(data) : { ...data, ...decodedTexts(binaryData) },
    };
  }
}

function decodedTexts(encoded: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(encoded).map(([key, text]) => [key, Buffer.from(text, 'base64').toString('utf8')]),
  );
}

/** What one object refers to: values as far as they are known. */
export class AssetLookup {
  /** All that it refers to: `Secret/shop/token`. */
  readonly wanted = new Set<string>();
  /** Of them, those that have not been read yet. */
  readonly unread = new Set<string>();
  readonly problems: string[] = [];
  readonly #namespace: string;
  readonly #store: Pick<AssetStore, 'get'>;

  /** @param namespace of the object, and of what it refers to */
  constructor(namespace: string, store: Pick<AssetStore, 'get'>) {
    this.#namespace = namespace;
    this.#store = store;
  }

  /** @param path of the reference, for problems
   *  @returns '' for what is not known, or not there */
  value({ source, name, key }: AssetReference, path: string): string {
    const asset = `${source}/${this.#namespace}/${name}`;
    this.wanted.add(asset);
    const content = this.#store.get(asset);
    if (content === undefined) this.unread.add(asset);
    else if (content.status === 'unreadable')
      this.problems.push(`${path}: the ${source} ${this.#namespace}/${name} cannot be read: ${content.why}`);
    else if (content.values[key] === undefined)
      this.problems.push(`${path}: the ${source} ${this.#namespace}/${name} has no key ${key}`);
    else return content.values[key];
    return '';
  }
}

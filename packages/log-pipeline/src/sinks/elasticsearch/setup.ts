/** Installs index template and lifecycle policy. The only importer of the two official clients, and itself imported
 *  only where `setup` asks for it: they cost 30 MB and a quarter of a second. */
import { Client as ElasticsearchClient, HttpConnection } from '@elastic/elasticsearch';
import { Client as OpenSearchClient } from '@opensearch-project/opensearch';
import { describeError } from '@vigie/core/errors';
import type { ClientTlsOptions } from '@vigie/core/tls';
import type { SendOutcome } from '../sink.ts';
import type { Server } from './server.ts';
import {
  FEATURES,
  type Feature,
  ilmPolicy,
  indexTemplate,
  ismPolicy,
  MANAGED_BY,
  type SetupPlan,
} from './templates.ts';

export interface SetupConnection {
  readonly endpoints: readonly URL[];
  readonly tls: ClientTlsOptions;
  readonly proxy: URL | undefined;
  /** With Authorization. */
  readonly headers: Readonly<Record<string, string>>;
  readonly requestTimeoutMs: number;
}

export type SetupOutcome =
  /** `notes`: what an operator should know, as that the server has no lifecycle policies. */
  | { readonly status: 'installed'; readonly notes: readonly string[] }
  | { readonly status: 'failed'; readonly outcome: SendOutcome };

/** The few requests that setup makes of either server. Each rejects with what its client throws. */
interface Admin {
  /** @returns who manages the template of our name; undefined where there is none */
  templateOwner(name: string): Promise<{ readonly managedBy: string | undefined } | undefined>;
  putTemplate(plan: SetupPlan, policy: string | undefined, features: ReadonlySet<Feature>): Promise<void>;
  hasPolicy(name: string): Promise<boolean>;
  putPolicy(plan: SetupPlan): Promise<void>;
  close(): Promise<void>;
}

/** What is there already under our names stays if it is somebody else's: a policy always, since operators tune
 *  retention in place, a template unless it says that Vigie manages it.
 *  @throws the signal's reason */
export async function install(
  server: Server,
  plan: SetupPlan,
  connection: SetupConnection,
  signal: AbortSignal,
): Promise<SetupOutcome> {
  const admin =
    server === 'elasticsearch' ? elasticsearchAdmin(connection, signal) : openSearchAdmin(connection, signal);
  const notes: string[] = [];
  try {
    const policy = await installPolicy(admin, server, plan, notes);
    await installTemplate(admin, server, plan, policy, notes);
    return { status: 'installed', notes };
  } catch (error) {
    signal.throwIfAborted();
    return { status: 'failed', outcome: outcomeOf(error) };
  } finally {
    await admin.close();
  }
}

async function installPolicy(
  admin: Admin,
  server: Server,
  plan: SetupPlan,
  notes: string[],
): Promise<string | undefined> {
  const wanted = server === 'elasticsearch' ? ilmPolicy(plan) : ismPolicy(plan);
  if (wanted === undefined) return undefined;
  try {
    if (!(await admin.hasPolicy(plan.name))) await admin.putPolicy(plan);
    return plan.name;
  } catch (error) {
    if (!isMissingApi(error)) throw error;
    notes.push('the server has no lifecycle policies: nothing rolls over or is deleted by itself');
    return undefined;
  }
}

async function installTemplate(
  admin: Admin,
  server: Server,
  plan: SetupPlan,
  policy: string | undefined,
  notes: string[],
): Promise<void> {
  const owner = await admin.templateOwner(plan.name);
  if (owner !== undefined && owner.managedBy !== MANAGED_BY) {
    notes.push(`the index template ${plan.name} is not managed by vigie and is left as it is`);
    return;
  }
  const features = new Set<Feature>(FEATURES[server]);
  for (;;) {
    try {
      await admin.putTemplate(plan, policy, features);
      return;
    } catch (error) {
      const lacking = lackingFeature(error, features);
      if (lacking === undefined) throw error;
      features.delete(lacking);
      notes.push(`the server has no ${lacking}, the index template does without`);
    }
  }
}

function elasticsearchAdmin(connection: SetupConnection, signal: AbortSignal): Admin {
  const { endpoints, tls, proxy, headers, requestTimeoutMs } = connection;
  const client = new ElasticsearchClient({
    nodes: endpoints.map(({ href }) => href),
    Connection: HttpConnection,
    tls: { ...tls },
    headers: { ...headers },
    requestTimeout: requestTimeoutMs,
    ...(proxy === undefined ? {} : { proxy }),
  });
  const options = { signal };
  return {
    async templateOwner(name) {
      const found = await client.indices.getIndexTemplate({ name }, { ...options, ignore: [404] });
      const [template] = found.index_templates ?? [];
      return template === undefined ? undefined : { managedBy: managedBy(template.index_template._meta) };
    },
    async putTemplate(plan, policy, features) {
      await client.indices.putIndexTemplate(
        { name: plan.name, ...indexTemplate(plan, 'elasticsearch', policy, features) },
        options,
      );
    },
    async hasPolicy(name) {
      const found = await client.ilm.getLifecycle({ name }, { ...options, ignore: [404], meta: true });
      return found.statusCode !== 404;
    },
    async putPolicy(plan) {
      const policy = ilmPolicy(plan);
      if (policy !== undefined) await client.ilm.putLifecycle({ name: plan.name, policy }, options);
    },
    close: () => client.close(),
  };
}

function openSearchAdmin(connection: SetupConnection, signal: AbortSignal): Admin {
  const { endpoints, tls, proxy, headers, requestTimeoutMs } = connection;
  const client = new OpenSearchClient({
    nodes: endpoints.map(({ href }) => href),
    ssl: { ...tls },
    headers: { ...headers },
    requestTimeout: requestTimeoutMs,
    ...(proxy === undefined ? {} : { proxy }),
  });
  return {
    async templateOwner(name) {
      const { body } = await abortable(client.indices.getIndexTemplate({ name }, { ignore: [404] }), signal);
      const [template] = body.index_templates ?? [];
      return template === undefined ? undefined : { managedBy: managedBy(template.index_template._meta) };
    },
    async putTemplate(plan, policy, features) {
      const body = indexTemplate(plan, 'opensearch', policy, features);
      await abortable(client.indices.putIndexTemplate({ name: plan.name, body }), signal);
    },
    async hasPolicy(name) {
      const { statusCode } = await abortable(client.ism.getPolicy({ policy_id: name }, { ignore: [404] }), signal);
      return statusCode !== 404;
    },
    async putPolicy(plan) {
      const body = ismPolicy(plan);
      if (body !== undefined) await abortable(client.ism.putPolicy({ policy_id: plan.name, body }), signal);
    },
    close: () => client.close(),
  };
}

/** This client knows no signals, but its requests can be called off. */
async function abortable<T>(request: Promise<T> & { abort(): void }, signal: AbortSignal): Promise<T> {
  const abort = (): void => request.abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await request;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function managedBy(meta: unknown): string | undefined {
  const owner: unknown = typeof meta === 'object' && meta !== null ? Reflect.get(meta, 'managed_by') : undefined;
  return typeof owner === 'string' ? owner : undefined;
}

/** An OpenSearch without the plugin, a serverless Elasticsearch: `no handler found for uri`, 404, 405, 410. */
function isMissingApi(error: unknown): boolean {
  const status = statusOf(error);
  return (
    status === 404 ||
    status === 405 ||
    status === 410 ||
    (status === 400 && describe(error).includes('no handler found'))
  );
}

function lackingFeature(error: unknown, features: ReadonlySet<Feature>): Feature | undefined {
  if (statusOf(error) !== 400) return undefined;
  const text = describe(error);
  return [...features].find((feature) => text.includes(feature));
}

function outcomeOf(error: unknown): SendOutcome {
  const status = statusOf(error);
  const detail = describe(error);
  if (status === undefined) return { status: 'retryable', reason: 'network', detail };
  if (status === 429) return { status: 'retryable', reason: 'throttled', detail };
  if (status >= 500 || status === 408) return { status: 'retryable', reason: 'unavailable', detail };
  if (status === 401 || status === 403) return { status: 'held', reason: 'credentials', detail };
  return { status: 'held', reason: 'setup', detail };
}

/** Both clients put it there, where an answer came at all. */
function statusOf(error: unknown): number | undefined {
  const status: unknown = error instanceof Error ? Reflect.get(error, 'statusCode') : undefined;
  return typeof status === 'number' ? status : undefined;
}

/** The message names only the outer error; what is wrong stands in its causes, in the body. */
function describe(error: unknown): string {
  const body: unknown = error instanceof Error ? Reflect.get(error, 'body') : undefined;
  const text = body === undefined ? '' : `: ${JSON.stringify(body)}`;
  return `${describeError(error)}${text}`.slice(0, 2000);
}

/** Kubeconfig files, as kubectl reads them: relative paths are relative to the file, and of several files the first to
 *  name a thing wins. What would need a program to be run, or would act as somebody else, is refused, never passed over. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { VigieError } from '@vigie/core/errors';
import * as v from 'valibot';
import { parse } from 'yaml';
import type { KubeConfig, KubeCredentials, KubeTls, Source } from './config.ts';

/** kubectl writes some of what is not set as `""`. */
const text = v.nullish(
  v.pipe(
    v.string(),
    v.transform((value) => (value === '' ? undefined : value)),
  ),
);

const clusterSchema = v.object({
  server: v.pipe(v.string(), v.url()),
  'tls-server-name': text,
  'insecure-skip-tls-verify': v.nullish(v.boolean()),
  'certificate-authority': text,
  'certificate-authority-data': text,
  'proxy-url': text,
});

const userSchema = v.object({
  'client-certificate': text,
  'client-certificate-data': text,
  'client-key': text,
  'client-key-data': text,
  token: text,
  tokenFile: text,
  username: text,
  password: text,
  exec: v.optional(v.unknown()),
  'auth-provider': v.optional(v.unknown()),
  as: v.optional(v.unknown()),
  'as-uid': v.optional(v.unknown()),
  'as-groups': v.optional(v.unknown()),
  'as-user-extra': v.optional(v.unknown()),
});

const contextSchema = v.object({ cluster: v.string(), user: v.nullish(v.string(), ''), namespace: text });

const fileSchema = v.object({
  clusters: v.nullish(v.array(v.object({ name: v.string(), cluster: clusterSchema })), []),
  users: v.nullish(v.array(v.object({ name: v.string(), user: v.nullish(userSchema, {}) })), []),
  contexts: v.nullish(v.array(v.object({ name: v.string(), context: contextSchema })), []),
  'current-context': text,
});

type Cluster = v.InferOutput<typeof clusterSchema>;
type User = v.InferOutput<typeof userSchema>;

/** A thing with the file that names it. */
interface Found<T> {
  readonly value: T;
  readonly file: string;
}

/** Reads the cluster, the user and the namespace of a context.
 *  @param files at least one
 *  @param contextName instead of the files' `current-context`
 *  @throws {VigieError} FILE_UNREADABLE, KUBECONFIG_INVALID, KUBECONFIG_UNSUPPORTED */
export function readKubeconfigs(files: readonly string[], contextName: string | undefined): KubeConfig {
  const read = files.map((file) => ({ file, content: readFile(file) }));
  const origin = files.join(', ');
  const first = <T>(pick: (content: v.InferOutput<typeof fileSchema>) => T | undefined): Found<T> | undefined => {
    for (const { file, content } of read) {
      const value = pick(content);
      if (value !== undefined) return { value, file };
    }
    return undefined;
  };
  const named = <T>(kind: string, name: string, found: Found<T> | undefined): Found<T> => {
    if (found !== undefined) return found;
    throw new VigieError('KUBECONFIG_INVALID', `${origin}: there is no ${kind} of the name ${JSON.stringify(name)}`);
  };

  const wanted = contextName ?? first((content) => content['current-context'] ?? undefined)?.value;
  if (wanted === undefined) throw new VigieError('KUBECONFIG_INVALID', `${origin}: current-context is not set`);
  const context = named(
    'context',
    wanted,
    first(({ contexts }) => contexts.find(({ name }) => name === wanted)?.context),
  ).value;
  const cluster = named(
    'cluster',
    context.cluster,
    first(({ clusters }) => clusters.find(({ name }) => name === context.cluster)?.cluster),
  );
  const user =
    context.user === ''
      ? undefined
      : named(
          'user',
          context.user,
          first(({ users }) => users.find(({ name }) => name === context.user)?.user),
        );
  return {
    server: serverOf(cluster),
    tls: tlsOf(cluster, user),
    credentials: credentialsOf(user),
    namespace: context.namespace ?? 'default',
    origin,
  };
}

function readFile(file: string): v.InferOutput<typeof fileSchema> {
  let written: string;
  try {
    written = readFileSync(file, 'utf8');
  } catch (error) {
    throw new VigieError('FILE_UNREADABLE', `cannot read the kubeconfig file ${file}`, { cause: error });
  }
  let content: unknown;
  try {
    content = parse(written);
  } catch (error) {
    throw new VigieError('KUBECONFIG_INVALID', `${file}: not YAML`, { cause: error });
  }
  const result = v.safeParse(fileSchema, content);
  if (result.success) return result.output;
  // Without the values: they may be secrets.
  const problems = result.issues.map(
    (issue) => `${v.getDotPath(issue) ?? 'file'}: expected ${issue.expected ?? 'a URL'}`,
  );
  throw new VigieError('KUBECONFIG_INVALID', `${file}: ${problems.join('; ')}`);
}

function serverOf({ value, file }: Found<Cluster>): URL {
  if (value['proxy-url'] != null) throw unsupported(file, 'proxy-url', 'HTTPS_PROXY in the environment is honoured');
  const server = new URL(value.server);
  if (server.protocol === 'https:' || server.protocol === 'http:') return server;
  throw new VigieError('KUBECONFIG_INVALID', `${file}: server: expected an http or https URL, got ${value.server}`);
}

function tlsOf(cluster: Found<Cluster>, user: Found<User> | undefined): KubeTls {
  const ca = source(cluster, cluster.value['certificate-authority-data'], cluster.value['certificate-authority']);
  const cert = user && source(user, user.value['client-certificate-data'], user.value['client-certificate']);
  const key = user && source(user, user.value['client-key-data'], user.value['client-key']);
  if (user !== undefined && (cert === undefined) !== (key === undefined))
    throw new VigieError(
      'KUBECONFIG_INVALID',
      `${user.file}: a client certificate needs its key, and a key its certificate`,
    );
  const serverName = cluster.value['tls-server-name'];
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    ...(serverName == null ? {} : { serverName }),
    ...(cluster.value['insecure-skip-tls-verify'] === true ? { insecureSkipVerify: true } : {}),
  };
}

/** What stands in the file itself wins over the path of another. */
function source(
  { file }: Found<unknown>,
  data: string | null | undefined,
  path: string | null | undefined,
): Source | undefined {
  if (data != null) return { text: Buffer.from(data, 'base64').toString('utf8') };
  return path == null ? undefined : { file: resolve(dirname(file), path) };
}

function credentialsOf(user: Found<User> | undefined): KubeCredentials {
  if (user === undefined) return { type: 'none' };
  const { value, file } = user;
  const instead = 'use a token, a tokenFile or a client certificate (kubectl create token makes a token)';
  if (value.exec != null) throw unsupported(file, 'exec', instead);
  if (value['auth-provider'] != null) throw unsupported(file, 'auth-provider', instead);
  for (const key of ['as', 'as-uid', 'as-groups', 'as-user-extra'] as const) {
    const written = value[key];
    if (written != null && written !== '') throw unsupported(file, key, 'give the user the rights it needs');
  }
  // A file may be written anew, a token cannot: as client-go does, the file wins.
  if (value.tokenFile != null) return { type: 'bearer', token: { file: resolve(dirname(file), value.tokenFile) } };
  if (value.token != null) return { type: 'bearer', token: { text: value.token } };
  if (value.username != null) return { type: 'basic', user: value.username, password: value.password ?? '' };
  return { type: 'none' };
}

function unsupported(file: string, key: string, instead: string): VigieError {
  return new VigieError('KUBECONFIG_UNSUPPORTED', `${file}: ${key} is not supported here; ${instead}`);
}

/** What injection makes of a pod; the patch is applied by a library that is not ours. */
import { applyPatch } from 'rfc6902';
import * as v from 'valibot';
import { inject } from '../../src/inject/inject.ts';
import { defaultSettings, type InjectionSettings } from '../../src/inject/settings.ts';

export const SETTINGS: InjectionSettings = defaultSettings('0.1.0');

const mount = v.looseObject({ name: v.string() });
const container = v.looseObject({
  name: v.string(),
  command: v.optional(v.array(v.string())),
  image: v.optional(v.string()),
  securityContext: v.optional(v.record(v.string(), v.unknown())),
  resources: v.optional(v.record(v.string(), v.record(v.string(), v.union([v.string(), v.number()])))),
  ports: v.optional(v.array(v.record(v.string(), v.unknown()))),
  volumeMounts: v.optional(v.array(mount), []),
});
const injectedSchema = v.object({
  metadata: v.object({ annotations: v.record(v.string(), v.string()) }),
  spec: v.looseObject({
    initContainers: v.array(container),
    containers: v.array(container),
    volumes: v.array(v.looseObject({ name: v.string() })),
  }),
});

/** @throws where it is not injected, or the patch does not fit */
export function injectedPod(pod: unknown, settings = SETTINGS) {
  const result = inject(pod, settings);
  if (result.status !== 'injected') throw new Error(JSON.stringify(result));
  const object = v.parse(injectedSchema, patchedObject(pod, result.patch));
  const sidecar = object.spec.initContainers.find(({ name }) => name === 'vigie-sidecar');
  if (sidecar === undefined) throw new Error('there is no sidecar');
  return { object, sidecar, warnings: result.warnings };
}

/** @throws where an operation cannot be applied */
export function patchedObject(object: unknown, patch: readonly object[]): unknown {
  const copy: unknown = structuredClone(object);
  const problems = applyPatch(copy, structuredClone(patch) as Parameters<typeof applyPatch>[1]);
  for (const problem of problems) if (problem !== null) throw problem;
  return copy;
}

/** What keeps a pod from being injected: `REASON: message`. */
export function refusalsOf(pod: unknown, settings = SETTINGS): readonly string[] {
  const result = inject(pod, settings);
  if (result.status !== 'refused') throw new Error(`not refused: ${JSON.stringify(result)}`);
  return result.refusals.map(({ reason, message }) => `${reason}: ${message}`);
}

/** The globs of its command line. */
export function globsOf(sidecar: { readonly command?: readonly string[] | undefined }): readonly string[] {
  return (sidecar.command ?? []).filter((argument) => argument.startsWith('/logs/'));
}

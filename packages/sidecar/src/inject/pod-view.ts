/** What injection looks at in a pod. Everything else of the pod stays as it is, so it is not decoded. */
import * as v from 'valibot';

const volumeMount = v.object({
  name: v.string(),
  mountPath: v.string(),
  readOnly: v.nullish(v.boolean()),
  subPath: v.nullish(v.string()),
  subPathExpr: v.nullish(v.string()),
});

const quantities = v.nullish(v.record(v.string(), v.union([v.string(), v.number()])));
const resources = v.nullish(v.object({ requests: quantities, limits: quantities }));

const container = v.object({
  name: v.string(),
  restartPolicy: v.nullish(v.string()),
  securityContext: v.nullish(v.object({ runAsUser: v.nullish(v.number()), runAsGroup: v.nullish(v.number()) })),
  ports: v.nullish(v.array(v.object({ containerPort: v.number(), protocol: v.nullish(v.string()) }))),
  volumeMounts: v.nullish(v.array(volumeMount)),
  resources,
});

const podSchema = v.object({
  metadata: v.nullish(v.object({ annotations: v.nullish(v.record(v.string(), v.string())) })),
  spec: v.object({
    hostNetwork: v.nullish(v.boolean()),
    /** Of the pod as a whole. */
    resources,
    os: v.nullish(v.object({ name: v.nullish(v.string()) })),
    nodeSelector: v.nullish(v.record(v.string(), v.string())),
    securityContext: v.nullish(
      v.object({
        runAsUser: v.nullish(v.number()),
        runAsGroup: v.nullish(v.number()),
        fsGroup: v.nullish(v.number()),
      }),
    ),
    initContainers: v.nullish(v.array(container)),
    containers: v.array(container),
    volumes: v.nullish(
      v.array(
        v.object({
          name: v.string(),
          hostPath: v.nullish(v.object({})),
          nfs: v.nullish(v.object({})),
        }),
      ),
    ),
  }),
});

export type PodView = v.InferOutput<typeof podSchema>;
export type ContainerView = v.InferOutput<typeof container>;
export type MountView = v.InferOutput<typeof volumeMount>;

/** @param pod a Pod, or the template of one
 *  @returns the pod, or what keeps it from being one */
export function viewPod(pod: unknown): PodView | { readonly problem: string } {
  const result = v.safeParse(podSchema, pod, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  return { problem: `${v.getDotPath(issue) ?? 'the object'}: ${issue.message}` };
}

/** Where a container stands in the pod. */
export interface PlacedContainer {
  readonly list: 'initContainers' | 'containers';
  readonly index: number;
  readonly container: ContainerView;
}

export function placedContainers({ spec }: PodView): readonly PlacedContainer[] {
  return (['initContainers', 'containers'] as const).flatMap((list) =>
    (spec[list] ?? []).map((container, index) => ({ list, index, container })),
  );
}

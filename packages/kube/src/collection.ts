/** What is listed and watched: all objects of a kind, of a namespace or the cluster, or those of them that a selector picks. */
import type { ObjectForm } from './objects.ts';

export interface Collection<T> {
  /** `/api/v1/pods` (see resourcePath). */
  readonly path: string;
  readonly selectors?: {
    /** `spec.nodeName=worker-1`. */
    readonly fieldSelector?: string | undefined;
    readonly labelSelector?: string | undefined;
  };
  readonly form: ObjectForm<T>;
  /** What tells one object from another: its uid, where a new object of an old name is another one. */
  key(object: T): string;
  /** Asks for metadata alone, as PartialObjectMetadata. */
  readonly metadataOnly?: boolean;
}

const PARTIAL = 'v=v1;g=meta.k8s.io,application/json';

/** The Accept headers; undefined for the objects whole. */
export function acceptOf({ metadataOnly }: Pick<Collection<unknown>, 'metadataOnly'>): {
  readonly list: string | undefined;
  readonly watch: string | undefined;
} {
  if (metadataOnly !== true) return { list: undefined, watch: undefined };
  return {
    list: `application/json;as=PartialObjectMetadataList;${PARTIAL}`,
    watch: `application/json;as=PartialObjectMetadata;${PARTIAL}`,
  };
}

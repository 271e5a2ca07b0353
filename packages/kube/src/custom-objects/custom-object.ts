/** Objects of kinds that a cluster may have or not. */
import { VigieError } from '@vigie/core/errors';
import * as v from 'valibot';
import type { ObjectForm } from '../objects.ts';

export interface CustomKind {
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  /** As paths have it: `servicemonitors`. */
  readonly resource: string;
}

export interface CustomObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** As it came: whoever reads it decodes it. */
  readonly spec: unknown;
}

/** `ServiceMonitor shop/web` */
export function describeObject({ kind, namespace, name }: Omit<CustomObject, 'spec'>): string {
  return `${kind} ${namespace}/${name}`;
}

const objectSchema = v.object({
  metadata: v.object({ namespace: v.string(), name: v.string() }),
  spec: v.optional(v.unknown()),
});

export function customObjectForm(kind: string): ObjectForm<CustomObject> {
  return {
    decode: (object) => {
      const decoded = v.safeParse(objectSchema, object);
      if (!decoded.success) throw new VigieError('KUBE_OBJECT_INVALID', `a ${kind} without namespace and name`);
      const { metadata, spec } = decoded.output;
      return { kind, ...metadata, spec };
    },
  };
}

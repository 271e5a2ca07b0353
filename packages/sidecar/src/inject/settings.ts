/** What the operator decides about every sidecar. */
import { ANNOTATION_KEYS, type AnnotationKey, type LinePrefix } from './annotations.ts';
import type { Resources } from './resources.ts';

export interface InjectionSettings {
  readonly image: string;
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** Of a sidecar that streams. */
  readonly resources: Resources;
  readonly shipResources: Resources;
  readonly prefix: LinePrefix;
  /** `sizeLimit` of the volumes that are added for logs; undefined: none. */
  readonly volumeSize: string | undefined;
  readonly allowedAnnotations: ReadonlySet<AnnotationKey>;
}

/** Two and a half times what an idle sidecar is to take, which leaves a busy one room for its buffers. */
export const DEFAULT_RESOURCES: Resources = {
  requests: { cpu: '10m', memory: '48Mi' },
  limits: { memory: '128Mi' },
};

/** What an idle agent takes, and half as much again as a busy one took with two lanes and the defaults of its sink and receiver
 *  (224 MB). */
export const DEFAULT_SHIP_RESOURCES: Resources = {
  requests: { cpu: '10m', memory: '80Mi' },
  limits: { memory: '320Mi' },
};

/** @param version of this program; its image is the one that fits */
export function defaultSettings(version: string): InjectionSettings {
  return {
    image: `vigie/vigie:${version}`,
    imagePullPolicy: 'IfNotPresent',
    resources: DEFAULT_RESOURCES,
    shipResources: DEFAULT_SHIP_RESOURCES,
    prefix: 'name',
    volumeSize: undefined,
    allowedAnnotations: new Set(ANNOTATION_KEYS),
  };
}

/** `operator_objects` of alerting.yaml: which objects of the Prometheus operator are read. */
import type { Environment } from '@vigie/core/config/environment';
import { section } from '@vigie/core/config/fields';
import { flag, optionalText, textList } from '@vigie/core/config/written-fields';
import * as v from 'valibot';
import type { OperatorObjectsConfig } from '../operator/operator-objects.ts';

export const operatorSection = section({
  mode: v.nullish(v.picklist(['auto', 'off']), 'auto'),
  selector: optionalText,
  namespaces: textList,
  file_access: flag(false),
  matcher_strategy: v.nullish(v.picklist(['namespace', 'none']), 'namespace'),
});

/** @param written nothing: as it is by default, in a cluster
 *  @returns undefined where none are read */
export function readOperatorObjects(
  written: v.InferOutput<typeof operatorSection> | null | undefined,
  { KUBERNETES_SERVICE_HOST: host = '' }: Environment,
): OperatorObjectsConfig | undefined {
  if (written == null && host === '') return undefined;
  const { mode, selector, namespaces, file_access, matcher_strategy } = written ?? v.parse(operatorSection, {});
  if (mode === 'off') return undefined;
  const isAskedFor = written != null;
  return { selector, namespaces, fileAccess: file_access, matcherStrategy: matcher_strategy, isAskedFor };
}

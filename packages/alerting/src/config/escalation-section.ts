/** `receivers.NAME.escalation` of alerting.yaml. */
import { duration, section } from '@vigie/core/config/fields';
import type { ReadContext } from '@vigie/core/config/findings';
import type { ConfigPath } from '@vigie/core/config/problem';
import * as v from 'valibot';
import type { EscalationStep } from '../escalation/page.ts';

export const escalationSection = v.array(section({ after: duration({ min: 1000 }), receiver: v.string() }));

/** @param name of the receiver whose steps they are
 *  @param names of the receivers that there are */
export function readEscalation(
  written: v.InferOutput<typeof escalationSection>,
  { name, names, path }: { readonly name: string; readonly names: ReadonlySet<string>; readonly path: ConfigPath },
  { findings }: ReadContext,
): readonly EscalationStep[] {
  const seen = new Set([name]);
  return written.map(({ after, receiver }, index) => {
    if (!names.has(receiver) || seen.has(receiver))
      findings.problem([...path, index, 'receiver'], 'the name of another receiver of alertmanager_config, each once');
    seen.add(receiver);
    return { afterMs: after, receiver };
  });
}

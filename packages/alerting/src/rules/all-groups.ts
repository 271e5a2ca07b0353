import { ConfigError } from '@vigie/core/config/problem';
import type { RuleGroup } from '@vigie/rules/rule';

/** What several loads of files give, in their order.
 *  @throws {ConfigError} with the problems of all of them; what else one throws */
export async function allGroups(loads: readonly Promise<readonly RuleGroup[]>[]): Promise<readonly RuleGroup[]> {
  const settled = await Promise.allSettled(loads);
  const problems = settled.flatMap((one) => {
    if (one.status === 'fulfilled') return [];
    if (one.reason instanceof ConfigError) return one.reason.problems;
    throw one.reason;
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return settled.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
}

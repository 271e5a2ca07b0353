/** Leaves out of a failing list of actions what its failure does not need: first everything after the failure,
 *  by halves, then one action after the other. A failure that depends on timing may not repeat, so each try
 *  runs up to `repeats` times.
 *  @param fails whether these actions (by number, ascending) still fail
 *  @returns the numbers that are left when nothing more can go or `isTimeUp` says so */
export async function shrink(
  actions: number,
  fails: (keep: readonly number[]) => Promise<boolean>,
  options: { readonly repeats: number; readonly isTimeUp: () => boolean },
): Promise<number[]> {
  const stillFails = async (keep: readonly number[]): Promise<boolean> => {
    for (let run = 0; run < options.repeats && !options.isTimeUp(); run++) if (await fails(keep)) return true;
    return false;
  };
  let kept = Array.from({ length: actions }, (_, number) => number);
  for (let size = kept.length >> 1; size >= 1; size >>= 1) {
    for (let end = kept.length; end > 0 && !options.isTimeUp(); end -= size) {
      const without = [...kept.slice(0, Math.max(0, end - size)), ...kept.slice(end)];
      if (await stillFails(without)) kept = without;
    }
  }
  return kept;
}

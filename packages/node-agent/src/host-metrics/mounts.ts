/** Mounts, as /proc/PID/mountinfo tells of them. Source: proc_pid_mountinfo(5). */
import { columnsOf, linesOf } from './proc-text.ts';

export interface Mount {
  /** `254:0`: the same for all mounts of one file system, in every mount namespace. */
  readonly deviceNumber: string;
  /** What of the file system is mounted; `/` is all of it. */
  readonly root: string;
  readonly mountPoint: string;
  readonly fsType: string;
  readonly device: string;
  readonly isReadOnly: boolean;
}

/** Lines of another form are left out. */
export function parseMounts(mountinfo: string): readonly Mount[] {
  return linesOf(mountinfo).flatMap((line) => {
    const columns = columnsOf(line);
    const [, , deviceNumber, root, mountPoint, options = ''] = columns;
    // Before the dash stand any number of tags.
    const [fsType, device, superOptions = ''] = columns.slice(columns.indexOf('-', 6) + 1);
    if (deviceNumber === undefined || root === undefined || mountPoint === undefined) return [];
    if (fsType === undefined || device === undefined) return [];
    const isReadOnly = [options, superOptions].some((list) => list.split(',').includes('ro'));
    return [
      {
        deviceNumber,
        root: unescaped(root),
        mountPoint: unescaped(mountPoint),
        fsType,
        device: unescaped(device),
        isReadOnly,
      },
    ];
  });
}

/** The kernel writes space, tab, newline and backslash as `\040` and the like. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Whether this machine is a node whose container logs can be read. */
import { access, constants, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '@vigie/core/errors';

/** Where the kubelet links every container's log. */
export const CONTAINER_LOGS = '/var/log/containers';

/** `unreadable`: there are logs, and every one of them belongs to another user. */
export type ContainerLogs = 'none' | 'unreadable' | 'readable';

export async function findContainerLogs(folder: string): Promise<ContainerLogs> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    return errorCode(error) === 'EACCES' ? 'unreadable' : 'none';
  }
  const logs = names.filter((name) => name.endsWith('.log'));
  let found: ContainerLogs = 'none';
  for (const name of logs) {
    try {
      await access(join(folder, name), constants.R_OK);
      return 'readable';
    } catch (error) {
      // A link to a log that is gone says nothing; one to a folder that is closed to us does.
      if (errorCode(error) === 'EACCES') found = 'unreadable';
    }
  }
  return found;
}

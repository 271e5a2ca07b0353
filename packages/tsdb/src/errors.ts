import { VigieError } from '@vigie/core/errors';

/** `code` is TSDB_VERSION. The file is left as it is. */
export class TsdbVersionError extends VigieError {
  readonly file: string;
  readonly version: number;

  constructor(file: string, version: number) {
    super(
      'TSDB_VERSION',
      `${file} has version ${version}, which a later Vigie has written: start that one, or another data directory`,
    );
    this.file = file;
    this.version = version;
  }
}

/** `code` is TSDB_FOLDER_IN_USE. Nothing in the folder has been read or changed. */
export class TsdbFolderInUseError extends VigieError {
  readonly folder: string;

  /** @param owner as it says itself; undefined where it says nothing */
  constructor(folder: string, owner: string | undefined) {
    super(
      'TSDB_FOLDER_IN_USE',
      `${folder} is in use by ${owner ?? 'another process'}: stop that one, or start this one with another data directory`,
    );
    this.folder = folder;
  }
}

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

// Generated from the definitions by `npm run generate`: do not edit.

/** The actions that read delivery.yaml: the keys that it may have at its top. */
export const configReaders: readonly string[] = ["build", "eval-gate", "scan", "sign", "verify"];

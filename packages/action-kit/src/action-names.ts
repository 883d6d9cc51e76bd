// Generated from the folders of actions/ by `npm run generate`: do not edit.

/** The keys that delivery.yaml may have at its top. */
export const actionNames: readonly string[] = ["deploy", "eval-gate", "rollback", "shadow"];

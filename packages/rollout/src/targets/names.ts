/** Names alone, so that an action's definition can offer them without loading a target. */
export const targetNames = ["local"] as const;
export type TargetName = (typeof targetNames)[number];

/** Running an action: its inputs, outputs, errors, summary and post. Knows nothing about models. */
export {
  type ActionContext,
  type ActionDefinition,
  type CleanUp,
  type Log,
  NegativeVerdict,
  type Place,
  type Programs,
  type Story,
  UserError,
} from "./action.ts";
export * as fields from "./fields.ts";
export { runAction, runPost } from "./run.ts";

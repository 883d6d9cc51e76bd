/** The action `sign` in a process of its own, with inputs as JSON on its command line; its outputs as JSON. */
import type { ActionContext } from "@ml-actions/action-kit/action";
import { definition, type SignOutputs } from "../../actions/sign/src/definition.ts";

const outputs: Record<string, string> = {};
const context = {
  log: { info: () => {}, warning: () => {} },
  output: (name: string, value: string) => {
    outputs[name] = value;
  },
  summary: async () => {},
} as unknown as ActionContext<SignOutputs>;

const { run } = await definition.story();
await run(definition.inputs.parse(JSON.parse(process.argv[2] ?? "{}")), context);
console.log(JSON.stringify(outputs));

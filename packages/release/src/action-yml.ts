/** action.yml from a definition. */
import type { ActionDefinition } from "@ml-actions/action-kit";
import { fieldFacts } from "@ml-actions/action-kit/field-facts";
import { stringify } from "yaml";

const HEADER = "# Generated from src/definition.ts by `npm run generate`: do not edit.\n";

/**
 * The text of action.yml. An action that reads delivery.yaml gets no `default:` and no `required: true`: the runner
 * would hand the default over as if the workflow had given it, and it would win over the file; linters would ask for
 * an input that the file holds. Both are told in the description instead.
 */
export function actionYml(definition: ActionDefinition): string {
  const inputs = Object.entries(definition.inputs.shape).map(([name, field]) => {
    const facts = fieldFacts(field);
    if (definition.readsConfig) {
      return [name, { description: inputDescription(definition, name), required: false }];
    }
    return [
      name,
      {
        description: facts.description,
        required: facts.required,
        ...(facts.defaultText === undefined ? {} : { default: facts.defaultText }),
      },
    ];
  });
  const outputs = Object.entries(definition.outputs).map(([name, description]) => [name, { description }]);
  const action = {
    name: definition.title,
    description: definition.description,
    author: "ml-actions",
    branding: definition.branding,
    inputs: Object.fromEntries(inputs),
    outputs: Object.fromEntries(outputs),
    runs: { using: "node24", main: "index.js", post: "post.js" },
  };
  return HEADER + stringify(action, { lineWidth: 0 });
}

function inputDescription(definition: ActionDefinition, name: string): string {
  const { description, defaultText, required } = fieldFacts(definition.inputs.shape[name] as never);
  const sentence = /[.!?]$/.test(description) ? description : `${description}.`;
  if (required) return `${sentence} Required, here or in delivery.yaml.`;
  return defaultText === undefined ? sentence : `${sentence} Default: ${defaultText.split("\n").join(", ")}`;
}

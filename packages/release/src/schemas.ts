/** JSON Schemas: of the inputs of each action, and of delivery.yaml. Draft 7, which every editor's YAML support reads. */
import type { ActionDefinition } from "@ml-actions/action-kit";
import { fieldFacts } from "@ml-actions/action-kit/field-facts";
import { z } from "zod";

const BASE = "https://raw.githubusercontent.com/org/ml-actions/main/docs/schemas";
const DRAFT = "http://json-schema.org/draft-07/schema#";

type JsonSchema = Record<string, unknown>;

/** The schema of an action's `with:`. */
export function inputsSchema(definition: ActionDefinition): JsonSchema {
  const shape = Object.entries(definition.inputs.shape);
  const required = shape.filter(([, field]) => fieldFacts(field).required).map(([name]) => name);
  return {
    $schema: DRAFT,
    $id: `${BASE}/${definition.name}.inputs.schema.json`,
    title: `Inputs of ${definition.name}`,
    description: definition.description,
    type: "object",
    properties: Object.fromEntries(shape.map(([name, field]) => [name, fieldSchema(field)])),
    // In an action that reads delivery.yaml the file may hold what is required.
    ...(required.length > 0 && !definition.readsConfig ? { required } : {}),
    additionalProperties: false,
  };
}

/** The schema of delivery.yaml: a section for every action that reads it, without secrets. */
export function deliverySchema(definitions: readonly ActionDefinition[]): JsonSchema {
  const sections = definitions
    .filter((definition) => definition.readsConfig)
    .map((definition) => {
      const fields = Object.entries(definition.inputs.shape).filter(
        ([name, field]) => name !== "config" && !fieldFacts(field).secret,
      );
      const section = {
        description: definition.description,
        type: "object",
        properties: Object.fromEntries(fields.map(([name, field]) => [name, fieldSchema(field)])),
        additionalProperties: false,
      };
      return [definition.name, section];
    });
  return {
    $schema: DRAFT,
    $id: `${BASE}/delivery.schema.json`,
    title: "delivery.yaml",
    description: "The inputs of the actions of ml-actions, by action",
    type: "object",
    properties: Object.fromEntries(sections),
    patternProperties: { "^x-": {} },
    additionalProperties: false,
  };
}

function fieldSchema(field: z.core.$ZodType): JsonSchema {
  const { description, defaultText, secret } = fieldFacts(field);
  const schema = z.toJSONSchema(field, {
    target: "draft-7",
    io: "input",
    override: ({ jsonSchema }) => {
      delete jsonSchema.secret;
    },
  }) as JsonSchema;
  delete schema.$schema;
  return {
    description,
    ...schema,
    ...(defaultText === undefined ? {} : { default: defaultText }),
    ...(secret ? { writeOnly: true } : {}),
  };
}

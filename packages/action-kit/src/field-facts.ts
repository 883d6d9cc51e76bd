/** What a field of the schema says about itself: read by the wrapper at run time, and by the generator of action.yml. */
import { z } from "zod";

export interface FieldFacts {
  description: string;
  /** Neither optional nor with a default. */
  required: boolean;
  /** As a person would write it in a workflow. */
  defaultText: string | undefined;
  /** Masked in logs, refused in files. */
  secret: boolean;
}

/** Looks through optional, default and pipe wrappers, the outermost word winning. */
export function fieldFacts(field: z.core.$ZodType): FieldFacts {
  const facts: FieldFacts = { description: "", required: true, defaultText: undefined, secret: false };
  for (let layer: z.core.$ZodType | undefined = field; layer !== undefined; layer = inner(layer)) {
    const meta = z.globalRegistry.get(layer);
    facts.description ||= meta?.description ?? "";
    facts.secret ||= meta?.secret === true;
    if (layer instanceof z.ZodOptional) facts.required = false;
    if (layer instanceof z.ZodDefault || layer instanceof z.ZodPrefault) {
      facts.required = false;
      facts.defaultText ??= toText(layer.def.defaultValue);
    }
  }
  return facts;
}

function inner(layer: z.core.$ZodType): z.core.$ZodType | undefined {
  if (layer instanceof z.ZodOptional || layer instanceof z.ZodDefault || layer instanceof z.ZodPrefault) {
    return layer.def.innerType;
  }
  return layer instanceof z.ZodPipe ? layer.def.in : undefined;
}

function toText(value: unknown): string {
  if (Array.isArray(value))
    return value.map(String).join(value.some((item) => /[,\n]/.test(String(item))) ? "\n" : ", ");
  return String(value);
}

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
  /** A secret where its text has several lines: it takes the path of a file, which is none, or what stands in it. */
  secretText: boolean;
}

/** Whether this value may be shown to nobody. */
export function isSecret(field: z.core.$ZodType, value: unknown): boolean {
  const { secret, secretText } = fieldFacts(field);
  return secret || (secretText && typeof value === "string" && value.trim().includes("\n"));
}

/** Looks through optional, default and pipe wrappers, the outermost word winning. */
export function fieldFacts(field: z.core.$ZodType): FieldFacts {
  const facts: FieldFacts = {
    description: "",
    required: true,
    defaultText: undefined,
    secret: false,
    secretText: false,
  };
  for (let layer: z.core.$ZodType | undefined = field; layer !== undefined; layer = inner(layer)) {
    const meta = z.globalRegistry.get(layer);
    facts.description ||= meta?.description ?? "";
    facts.secret ||= meta?.secret === true;
    facts.secretText ||= meta?.secret === "text";
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

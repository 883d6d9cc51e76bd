/** The inputs of every action that opens an image in a registry: said once, so that they mean the same. */
import { text } from "@ml-actions/action-kit/fields";
import type { Credentials } from "@ml-actions/oci";
import { z } from "zod";

export const registryInputs = {
  username: text()
    // A colon would end the name in basic authentication (RFC 7617, section 2).
    .pipe(z.string().regex(/^[^\p{Cc}:]+$/u, "expected a user name without colons and line breaks"))
    .optional()
    .describe(
      "User of the image's registry, with `password`. Default: what `docker login` has stored, else nobody",
    ),
  password: text()
    .meta({ secret: true })
    .optional()
    .describe("The password or token of `username`. A secret"),
};

export interface RegistryInputs {
  username?: string | undefined;
  password?: string | undefined;
}

/** What is wrong with these inputs together; for `superRefine`. */
export function registryProblems({
  username,
  password,
}: RegistryInputs): { input: keyof RegistryInputs; message: string }[] {
  if (username !== undefined && password === undefined)
    return [{ input: "password", message: "is missing: `username` is given without it" }];
  if (username === undefined && password !== undefined)
    return [{ input: "username", message: "is missing: `password` is given without it" }];
  return [];
}

/** @returns nothing to spread into the options of `openStore` when none were given */
export function credentialsOf({ username, password }: RegistryInputs): { credentials?: Credentials } {
  return username === undefined || password === undefined ? {} : { credentials: { username, password } };
}

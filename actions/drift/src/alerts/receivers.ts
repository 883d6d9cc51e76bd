/** The addresses of receivers, as inputs. Their values may be secrets: no message repeats them. */
import { z } from "zod";

export const pagerDutyUrl = "https://events.pagerduty.com/v2/enqueue";

/** `https:`, or `http:` to this machine, which nobody can overhear. */
export const webUrl = () =>
  z
    .string()
    .transform((url) => url.trim())
    .refine(
      (url) => {
        const parsed = URL.parse(url);
        if (parsed === null || parsed.username !== "" || parsed.password !== "") return false;
        const loopback = /^(localhost|\[::1\]|127(\.\d{1,3}){3})$/.test(parsed.hostname);
        return parsed.protocol === "https:" || (parsed.protocol === "http:" && loopback);
      },
      { error: "expected a URL that begins with https://" },
    );

/** An integration key of the Events API v2 has 32 letters and digits. */
export const routingKey = () =>
  z
    .string()
    .transform((key) => key.trim())
    .refine((key) => /^[A-Za-z0-9]{32}$/.test(key), { error: "expected 32 letters and digits" });

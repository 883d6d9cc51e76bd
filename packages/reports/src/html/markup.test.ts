import { describe, expect, test } from "vitest";
import { html } from "./markup.ts";

describe("the template", () => {
  test("escapes for text and for quoted attributes", () => {
    const name = `"><img src=x onerror='alert(1)'>&amp;`;
    expect(html`<p title="${name}">${name}</p>`.text).toBe(
      '<p title="&#34;&#62;&#60;img src=x onerror=&#39;alert(1)&#39;&#62;&#38;amp;">&#34;&#62;&#60;img src=x onerror=&#39;alert(1)&#39;&#62;&#38;amp;</p>',
    );
  });

  test("keeps its own markup, joins lists, leaves nulls out", () => {
    expect(html`<ul>${["a<", "b"].map((item) => html`<li>${item}</li>`)}${null}</ul>`.text).toBe(
      "<ul><li>a&#60;</li><li>b</li></ul>",
    );
  });

  test("rounds coordinates and never writes one that stops a drawing", () => {
    expect(html`${1 / 3} ${-0.001} ${1e6} ${Number.NaN} ${Number.POSITIVE_INFINITY}`.text).toBe(
      "0.33 0 1000000 0 0",
    );
  });
});

// Answers in Markdown, in Chromium.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, demo, note, page, reply, said, shot } from "./support.mjs";

/** Returns the HTML of a text that arrives in pieces of `size` letters. */
async function shown(text, size = Infinity) {
  const html = await page.evaluate(async ([text, size]) => {
    const { Markdown } = await import("/markdown.js");
    const markdown = new Markdown();
    for (let at = 0; at < text.length; at += size) markdown.add(text.slice(at, at + size));
    return markdown.element.innerHTML;
  }, [text, size]);
  return html
    .replaceAll(' data-end=""', "")
    .replaceAll(/ title="[^"]*" target="_blank" rel="noopener noreferrer"/g, "")
    .replaceAll(/<div class="code"><div><span>(.*?)<\/span><button type="button">Copy<\/button><\/div><pre><code>(.*?)<\/code><\/pre><\/div>/gs, "<pre>$1|$2</pre>");
}

const FORMS = [
  ["one\ntwo\n\nthree", "<p>one\ntwo</p><p>three</p>"],
  ["# One\n### Three #\ntext", "<h3>One</h3><h5>Three</h5><p>text</p>"],
  ["a\n\n---\n\nb", "<p>a</p><hr><p>b</p>"],
  ["**bold** and *italic*, __bold__ and _italic_, ***both***", "<p><strong>bold</strong> and <em>italic</em>, <strong>bold</strong> and <em>italic</em>, <em><strong>both</strong></em></p>"],
  ["**bold with *italic* in it**", "<p><strong>bold with <em>italic</em> in it</strong></p>"],
  ["`a *b*` and ``c`d`` and `` ` ``", "<p><code>a *b*</code> and <code>c`d</code> and <code>`</code></p>"],
  ["```js\nlet a = 1;\n\n# not a heading\n```\nafter", "<pre>js|let a = 1;\n\n# not a heading</pre><p>after</p>"],
  ["~~~\n```\n~~~", "<pre>|```</pre>"],
  ["so:\n- a\n- b **c**\n\nend", "<p>so:</p><ul><li><p>a</p></li><li><p>b <strong>c</strong></p></li></ul><p>end</p>"],
  ["1. a\n   - b\n     - c\n2. d", "<ol><li><p>a</p><ul><li><p>b</p><ul><li><p>c</p></li></ul></li></ul></li><li><p>d</p></li></ol>"],
  ["3) a\n\n4) b", '<ol start="3"><li><p>a</p></li><li><p>b</p></li></ol>'],
  ["- a\n\n  more\n\n\t- b", "<ul><li><p>a</p><p>more</p><ul><li><p>b</p></li></ul></li></ul>"],
  ["1. do\n   ```sh\n   ls\n\n     -l\n   ```\n2. done", "<ol><li><p>do</p><pre>sh|ls\n\n  -l</pre></li><li><p>done</p></li></ol>"],
  ["[a **b**](https://x.org/y_(z) \"t\")", '<p><a href="https://x.org/y_(z)">a <strong>b</strong></a></p>'],
  ["see https://x.org/a_b?c=1.", '<p>see <a href="https://x.org/a_b?c=1">https://x.org/a_b?c=1</a>.</p>'],
  ["[https://x.org](https://y.org)", '<p><a href="https://y.org">https://x.org</a></p>'],
  ["![seen](https://x.org/spy.png)", '<p><a href="https://x.org/spy.png">seen</a></p>'],
  ["\\*no\\*", "<p>*no*</p>"],
];

test("Markdown paragraphs, headings, emphasis, code, lists and links are rendered", async () => {
  for (const [text, html] of FORMS) assert.equal(await shown(text), html, text);
});

test("an answer is rendered the same for all sizes of pieces", async () => {
  const all = FORMS.map(([text]) => text).join("\n\n");
  const whole = await shown(all);
  for (const size of [1, 2, 3, 7, 50]) assert.equal(await shown(all, size), whole, `${size} letters at a time`);
});

test("text that only resembles Markdown is unchanged", async () => {
  for (const text of ["snake_case_name", "2 * 3 * 4", "**not closed", "#tag", "in\n1984. Orwell", "a `tick", "-", "[a](x.org)"]) {
    const html = await shown(text);
    assert.doesNotMatch(html, /<(?!\/?p>)/, text);
    assert.equal(html.replaceAll(/<\/?p>/g, ""), text);
  }
});

test("HTML, scripts and unsafe links in an answer are never run or loaded", async () => {
  const evil = [
    "<img src=x onerror=\"hacked = 1\">", "<script>hacked = 1</script>", "[a](javascript:hacked=1)", "[a](JavaScript:hacked=1)",
    "[a]( javascript:hacked=1)", "[a](data:text/html,<script>hacked=1</script>)", "[a](//x.org)", "[a](https:javascript:hacked=1)",
    "[a](https://x.org\" onclick=\"hacked=1)", "`<img src=x onerror=hacked=1>`", "```<img src=x>\n<img src=x onerror=hacked=1>\n```",
    "- <svg onload=hacked=1>", "# <iframe srcdoc=x>", "![a](javascript:hacked=1)", "<a href=\"javascript:hacked=1\">a</a>",
  ];
  await ask(`Say\n\n${evil.join("\n\n")}`);
  await note().waitFor();
  const { names, targets, handlers } = await said().evaluate((text) => {
    const all = [...text.querySelectorAll("*")];
    const attributes = all.flatMap((part) => part.getAttributeNames());
    return {
      names: [...new Set(all.map(({ localName }) => localName))],
      targets: all.filter(({ href }) => href).map(({ href }) => new URL(href).protocol),
      handlers: attributes.filter((name) => /^on|^src|^style/.test(name)),
    };
  });
  const harmless = ["a", "button", "code", "div", "h3", "li", "p", "pre", "span", "ul"];
  assert.deepEqual(names.filter((name) => !harmless.includes(name)), []);
  assert.deepEqual([...new Set(targets)], ["https:"]);
  assert.deepEqual(handlers, []);
  assert.equal(await page.evaluate(() => globalThis.hacked), undefined);
  assert.match(await said().textContent(), /<img src=x onerror="hacked = 1">/);
});

test("unfinished code is rendered as code, and its button keeps the focus while it grows", async () => {
  await demo.bedrock.fault({ path_contains: "stream", drip_ms: 120 });
  await ask(`Code:\n\n\`\`\`python\n${"print('a line of code that is long enough')\n".repeat(12)}\`\`\`\n\nThat was it.`);
  const button = reply().getByRole("button", { name: "Copy" });
  await button.focus();
  const [early, focused] = await page.evaluate(() => [document.querySelector(".live pre").textContent, document.activeElement.textContent]);
  assert.ok(early.length < 400 && focused === "Copy");
  await shot("code-streaming");
  await note().waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Copy");
  assert.equal(await said().locator("pre").textContent(), "print('a line of code that is long enough')\n".repeat(12).trim());
  assert.match(await said().textContent(), /That was it\.$/);
});

test("a button copies the code, or selects it if the page may not copy", async () => {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await ask("x\n\n```js\nlet a = `1 < 2`;\n```");
  await note().waitFor();
  await reply().getByRole("button", { name: "Copy" }).press("Enter");
  await reply().getByRole("button", { name: "Copied" }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "let a = `1 < 2`;");
  await reply().getByRole("button", { name: "Copy" }).waitFor();
  await page.evaluate(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
  await reply().getByRole("button", { name: "Copy" }).click();
  await reply().getByRole("button", { name: "Selected" }).waitFor();
  assert.equal(await page.evaluate(() => getSelection().toString()), "let a = `1 < 2`;");
});

test("unclosed marks are parsed in linear time", async () => {
  const marks = ["**a ", "*a_", "`a", "``a`", "[a](https://x", "[a", "_a ", "- ", "> ", "\n- a\n  ", "\n```", "\n", " ", "# ", "https://."];
  for (const mark of marks) {
    let took = Infinity;
    // A busy machine may be slow once, but not each time.
    for (let tries = 0; took > 3000 && tries < 5; tries++) {
      const began = Date.now();
      await shown(mark.repeat(10_000));
      took = Math.min(took, Date.now() - began);
    }
    assert.ok(took < 3000, `${JSON.stringify(mark)} took ${took} ms`);
  }
});

const LOOKS = `Here it is, in three steps:

## What to do

1. **Install** it with \`npm install bedrock-chat\`
2. Write a *small* file:
   \`\`\`js
   import { BedrockChat } from "bedrock-chat";
   const llm = new BedrockChat({ model: "anthropic.claude-3-haiku-20240307-v1:0", region: "us-east-1" });
   \`\`\`
3. Run it
   - in Node
   - in a [Worker](https://developers.cloudflare.com/workers/)

---

That is all there is to it.`;

test("a long answer fits in both color schemes, on a desktop and on a phone", async () => {
  await ask(LOOKS);
  await note().waitFor();
  for (const [place, width] of [["desk", 1240], ["hand", 390]]) {
    for (const colorScheme of ["light", "dark"]) {
      await page.setViewportSize({ width, height: 1000 });
      await page.emulateMedia({ colorScheme });
      const { scrollWidth, clientWidth } = await page.locator("#log").evaluate((log) => {
        log.scrollTop = log.scrollHeight;
        return { scrollWidth: log.scrollWidth, clientWidth: log.clientWidth };
      });
      assert.equal(scrollWidth, clientWidth, `${place} ${colorScheme}`);
      await shot(`markdown-${place}-${colorScheme}`);
    }
  }
});

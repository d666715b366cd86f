// The demo in Chromium, as a person uses it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { recordLengths } from "../../worker/harness/browser.mjs";
import { ECHO, ask, demo, note, open, page, reply, said, shot, trouble } from "./support.mjs";

const LONG = "Tell me of the sea, of the wind over it, and of all the ships that never came home again.";
const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

test("the answer grows while it streams, and the figures are updated", async () => {
  await recordLengths(page, ".live > .text");
  await demo.bedrock.fault({ path_contains: "stream", drip_ms: 200 });
  await ask(LONG);
  await page.waitForFunction(() => lengths.size >= 6);
  await shot("streaming");
  await note().waitFor();
  assert.equal(await said().textContent(), ECHO + LONG);
  assert.match(await note().textContent(), /end_turn · \d+ tokens · [\d.]+ s/);
  for (const [id, form] of [["first", /^\d+ ms|s$/], ["time", /s$/], ["rate", /^\d+$/], ["in", /^\d+$/], ["out", /^\d+$/], ["reason", /^end_turn$/]]) {
    assert.match(await page.locator(`#${id}`).textContent(), form, id);
  }
  assert.match(await page.getByRole("img", { name: /Tokens per second/ }).getAttribute("aria-label"), /\d+ on average/);
  const painted = await page.locator("#picture").evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
  });
  assert.ok(painted > 5, "the picture of the stream is empty");
  await shot("answered");
});

test("the conversation, the model field and the system prompt are sent", async () => {
  await page.getByLabel("Model").fill("anthropic.claude-3-haiku-20240307-v1:0");
  await page.getByLabel("System prompt").fill("Be brief.");
  await ask("one");
  await note().waitFor();
  await ask("two");
  await page.getByText(`${ECHO}two`).waitFor();
  await note().waitFor();
  const [, second] = await demo.bedrock.requests().then((all) => [undefined, all.at(-1)]);
  assert.match(second.path, /claude-3-haiku/);
  const { system, messages } = JSON.parse(second.body);
  assert.match(JSON.stringify(system), /Be brief/);
  assert.deepEqual(messages.map(({ role }) => role), ["user", "assistant", "user"]);
});

for (const [how, press] of [["Escape", () => page.keyboard.press("Escape")], ["the stop button", () => page.getByRole("button", { name: "Stop" }).click()]]) {
  test(`${how} stops the answer, keeps the received text, and closes Bedrock's stream`, async () => {
    await trouble("slow");
    const question = LONG.repeat(9);
    await ask(question);
    await page.waitForFunction(() => document.querySelector(".live > .text")?.textContent.length > 5);
    await press();
    await note().waitFor();
    assert.match(await note().textContent(), /stopped by you/);
    const text = await said().textContent();
    assert.ok(text.length > 5 && (ECHO + question).startsWith(text) && text.length < question.length);
    await demo.bedrock.until(([request]) => request?.outcome === "closed_by_client");
    assert.equal(await page.evaluate(() => document.activeElement.id), "prompt");
    await trouble("");
    await ask("And now?");
    await page.getByText(`${ECHO}And now?`).waitFor();
  });
}

test("stopping works before the first text arrives", async () => {
  await trouble("silent");
  await ask("Hello?");
  await demo.bedrock.until((requests) => requests.length === 1);
  await page.keyboard.press("Escape");
  await note().waitFor();
  await demo.bedrock.until(([request]) => request?.outcome === "closed_by_client");
});

test("an image that is dropped on the page is shown and sent to the model", async () => {
  const transfer = await page.evaluateHandle((data) => {
    const transfer = new DataTransfer();
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], "pixel.png", { type: "image/png" }));
    return transfer;
  }, PIXEL);
  await page.dispatchEvent("body", "dragenter", { dataTransfer: transfer });
  await page.getByText("Drop images here").waitFor();
  await shot("dropping");
  await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
  await page.getByRole("list", { name: "Attached images" }).getByRole("img", { name: "pixel.png" }).waitFor();
  await ask("What is it?");
  await note().waitFor();
  assert.match(await said().textContent(), /png/i);
  await page.getByRole("article", { name: "You" }).getByRole("img", { name: "pixel.png" }).waitFor();
  const [{ body }] = await demo.bedrock.requests();
  assert.equal(JSON.parse(body).messages[0].content[0].source.data, PIXEL);
});

test("a pasted image is accepted, a large image is scaled down, other files are refused", async () => {
  const paste = (make) => page.evaluate(make);
  await paste(async () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 2400, height: 1200 });
    const context = canvas.getContext("2d");
    const sky = context.createLinearGradient(0, 0, 2400, 1200);
    sky.addColorStop(0, "#1b6f8a");
    sky.addColorStop(1, "#f2b880");
    context.fillStyle = sky;
    context.fillRect(0, 0, 2400, 1200);
    const blob = await new Promise((done) => canvas.toBlob(done));
    const transfer = new DataTransfer();
    transfer.items.add(new File([blob], "sky.png", { type: "image/png" }));
    dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, cancelable: true }));
  });
  const attached = page.getByRole("list", { name: "Attached images" }).getByRole("img");
  await attached.waitFor();
  assert.equal(await attached.evaluate((image) => image.decode().then(() => image.naturalWidth)), 1568);
  await page.getByRole("textbox", { name: "Message" }).fill("A sky, is it not?");
  await shot("attached");
  await page.getByRole("button", { name: "Remove sky.png" }).click();
  assert.equal(await attached.count(), 0);
  await paste(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["x"], "notes.txt", { type: "text/plain" }));
    dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, cancelable: true }));
  });
  await page.getByText("notes.txt is not a PNG").waitFor();
});

test("reasoning is collapsed, and can be opened", async () => {
  await page.getByLabel("Think before answering").check();
  await ask("Why do bridges hum in the wind?");
  await note().waitFor();
  const thinking = reply().getByRole("group");
  assert.match(await thinking.locator("summary").textContent(), /Thought for/);
  assert.equal(await thinking.locator(".text").isVisible(), false);
  await thinking.locator("summary").click();
  assert.match(await thinking.locator(".text").textContent(), /echo model/);
  await shot("thinking");
});

test("an answer that breaks off keeps its text, shows the error, and can be retried", async () => {
  await trouble("broken");
  await ask(LONG);
  await page.getByRole("alert").waitFor();
  assert.match(await page.getByRole("alert").textContent(), /What had come is kept/);
  const kept = await said().textContent();
  assert.ok(kept.length > 5 && (ECHO + LONG).startsWith(kept));
  await shot("broken");
  await trouble("");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText(ECHO + LONG).waitFor();
  assert.equal(await page.getByRole("article").count(), 2);
});

test("a refusal is shown with its kind and status", async () => {
  await trouble("throttled");
  await ask("Hello?");
  const alert = page.getByRole("alert");
  await alert.waitFor();
  assert.match(await alert.textContent(), /Too many tokens.*throttled, HTTP 429/);
  await page.getByLabel("Model").fill("no model");
  await trouble("");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("model must be a model id").waitFor();
});

test("only the last question can be retried", async () => {
  await page.getByLabel("Model").fill("no model");
  await ask("one");
  await page.getByRole("alert").waitFor();
  await page.getByLabel("Model").fill("anthropic.claude-3-haiku-20240307-v1:0");
  await ask("two");
  await note().getByText("end_turn").waitFor();
  assert.equal(await page.getByRole("button", { name: "Try again" }).count(), 0);
  assert.equal(await page.getByRole("alert").count(), 1);
});

/** The questions and answers that the model received last. */
const sent = async () => JSON.parse((await demo.bedrock.requests()).at(-1).body).messages.map(({ role, content }) => [role, content.at(-1).text ?? content]);

test("an unanswered question is not sent with the next one, and is marked", async () => {
  const left = page.getByText("left out of the conversation");
  await trouble("throttled");
  await ask("one");
  await page.getByRole("alert").waitFor();
  await trouble("silent");
  await ask("two");
  await demo.bedrock.until((requests) => requests.length === 1);
  await page.keyboard.press("Escape");
  await note().getByText("stopped by you").waitFor();
  assert.equal(await left.count(), 1);
  await trouble("");
  await ask("three");
  await note().getByText("end_turn").waitFor();
  assert.deepEqual(await sent(), [["user", "three"]]);
  assert.equal(await left.count(), 2);
  await shot("left-out");
});

test("a retried question and an answer that broke off stay on the page", async () => {
  await trouble("throttled");
  await ask("one");
  await page.getByRole("alert").waitFor();
  await trouble("broken");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("What had come is kept").waitFor();
  await trouble("");
  await ask("two");
  await note().getByText("end_turn").waitFor();
  assert.deepEqual((await sent()).map(([role]) => role), ["user", "assistant", "user"]);
  assert.equal(await page.getByText("left out of the conversation").count(), 0);
});

test("a model name that is too long for its field is shown in full below", async () => {
  const arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0";
  const model = page.getByLabel("Model");
  const whole = page.locator("#whole");
  const check = async (name) => {
    await model.fill(arn);
    assert.equal(await whole.textContent(), arn);
    assert.ok(await whole.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth), "it is cut there too");
    await shot(name);
    await model.fill("us.amazon.nova-pro-v1:0");
    assert.equal(await whole.isVisible(), false);
  };
  await check("model");
  await page.setViewportSize({ width: 390, height: 820 });
  await model.waitFor({ state: "hidden" });
  await page.getByText("Settings").click();
  await check("phone-model");
});

test("the end of an answer does not move the scroll position or the cursor", async () => {
  await ask("A line of the sea.\n".repeat(40));
  await page.getByLabel("System prompt").focus();
  await page.waitForFunction(() => document.querySelector(".live > .text")?.textContent.length > 60);
  await page.locator("#log").evaluate((log) => (log.scrollTop = 10));
  await page.keyboard.type("Be ");
  await page.keyboard.press("Escape");
  await note().waitFor();
  await page.keyboard.type("brief.");
  assert.equal(await page.getByLabel("System prompt").inputValue(), "Be brief.");
  assert.equal(await page.locator("#log").evaluate((log) => log.scrollTop), 10);
});

test("a stopped server is shown as an error", async () => {
  await page.route(/\/(trouble|chat)/, (route) => route.abort());
  await ask("Hello?");
  await page.getByText("The Worker cannot be reached").waitFor();
});

test("a chosen idea focuses the message field, and every refused file is named", async () => {
  await page.getByRole("button", { name: "I love programming." }).press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "prompt");
  await note().waitFor();
  await page.locator("#files").setInputFiles(["a.txt", "b.svg"].map((name) => ({ name, mimeType: "text/plain", buffer: Buffer.from("x") })));
  await page.getByText(/a\.txt is not a PNG.*b\.svg is not a PNG/).waitFor();
});

test("every control is reachable by keyboard and has a name", async () => {
  assert.equal(await page.evaluate(() => document.activeElement.id), "prompt");
  await page.keyboard.type("line one");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("line two");
  assert.equal(await page.locator("#prompt").inputValue(), "line one\nline two");
  const seen = [];
  for (let step = 0; step < 24; step++) {
    await page.keyboard.press("Tab");
    const found = await page.evaluate(() => {
      const { id, tagName, className } = document.activeElement;
      return id || className || tagName;
    });
    if (found === "BODY" || seen.includes(found)) continue;
    seen.push(found);
  }
  const order = ["send", "SUMMARY", "model", "system", "tokens", "trouble", "think"];
  assert.deepEqual(seen.filter((id) => order.includes(id)), order);
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll("button, input:not([hidden]), textarea, select, [role]")]
      .filter((part) => !(part.ariaLabel || part.getAttribute("aria-labelledby") || part.labels?.length || part.textContent.trim()))
      .filter((part) => part.getAttribute("role") !== "status")
      .map((part) => part.outerHTML),
  );
  assert.deepEqual(nameless, []);
});

test("the dark color scheme is legible", async () => {
  for (const colorScheme of ["dark", "light"]) {
    await page.emulateMedia({ colorScheme });
    const contrasts = await page.evaluate(() => {
      const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
      const luminance = (colour) => {
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].slice(0, 3).map((part) => {
          const share = part / 255;
          return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const style = getComputedStyle(document.documentElement);
      const value = (name) => luminance(style.getPropertyValue(name));
      const pairs = [["--text", "--page"], ["--soft", "--page"], ["--soft", "--card"], ["--text", "--mine"], ["--bad", "--bad-wash"], ["--on-accent", "--accent"]];
      return pairs.map(([a, b]) => [a, b, (Math.max(value(a), value(b)) + 0.05) / (Math.min(value(a), value(b)) + 0.05)]);
    });
    const [placeholder, soft] = await page.evaluate(() => [getComputedStyle(document.querySelector("#prompt"), "::placeholder"), getComputedStyle(document.querySelector(".keys"))].map(({ color }) => color));
    assert.equal(placeholder, soft, "the placeholders are as legible as the other soft text");
    for (const [text, ground, contrast] of contrasts) assert.ok(contrast >= 4.5, `${text} on ${ground}: ${contrast.toFixed(2)} (${colorScheme})`);
  }
  await page.emulateMedia({ colorScheme: "dark" });
  await shot("dark-empty");
  await page.getByLabel("Think before answering").check();
  await ask(LONG);
  await note().waitFor();
  await shot("dark");
});

test("the page fits on a phone, where the settings are collapsed", async () => {
  for (const colorScheme of ["light", "dark"]) {
    await page.context().close();
    await open({ viewport: { width: 390, height: 780 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, colorScheme });
    await shot(`phone-empty-${colorScheme}`);
    assert.equal(await page.locator("#picture").isVisible(), false, "the chart takes no room before the first answer");
    // The answer stays unfinished until it is stopped, even on a busy machine.
    await demo.bedrock.fault({ path_contains: "stream", hang_after_frames: 30 });
    await ask(LONG);
    await page.waitForFunction(() => document.querySelector(".live > .text")?.textContent.length > 60);
    await shot(`phone-streaming-${colorScheme}`);
    await page.getByRole("button", { name: "Stop" }).click();
    await note().waitFor();
    const { scrollWidth, scrollHeight } = await page.evaluate(({ scrollWidth, scrollHeight } = document.documentElement) => ({ scrollWidth, scrollHeight }));
    assert.ok(scrollWidth <= 390 && scrollHeight <= 780, `${scrollWidth} x ${scrollHeight}`);
    for (const id of ["prompt", "send", "picture", "first", "reason"]) assert.ok(await page.locator(`#${id}`).isVisible(), id);
    assert.equal(await page.getByLabel("Model").isVisible(), false);
    await page.getByText("Settings").click();
    assert.ok(await page.getByLabel("Model").isVisible());
    await shot(`phone-settings-${colorScheme}`);
  }
});

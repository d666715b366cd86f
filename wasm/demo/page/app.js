import { readSSE } from "/bedrock-chat/sse-reader.js";
import { element } from "./element.js";
import { readImage, url } from "./images.js";
import { Reply, leaveOut, question } from "./messages.js";
import { Meter } from "./meter.js";

const $ = (id) => document.getElementById(id);
const [log, prompt, composer, settings] = ["log", "prompt", "composer", "settings"].map($);
const meter = new Meter();

/** The conversation as it is sent, and its last question as the page shows it. */
let messages = [];
let asked;
let images = [];
/** Ends the current answer, if there is one. */
let answering;

// ---- asking ----------------------------------------------------------------------------------------

function send() {
  const text = prompt.value.trim();
  if (answering || (!text && !images.length)) return;
  const blocks = images.map(({ type, data }) => ({ type: "image", source: { type: "base64", media_type: type, data } }));
  // Retries of earlier failures are disabled, as a retry would send this question.
  for (const button of log.querySelectorAll(".failed button")) button.remove();
  // Models take turns with the user, so a question without an answer is removed.
  if (messages.at(-1)?.role === "user") {
    messages.pop();
    leaveOut(asked);
  }
  messages.push({ role: "user", content: blocks.length ? [...blocks, { type: "text", text: text || "What is in the image?" }] : text });
  $("empty")?.remove();
  asked = question(text, images);
  log.append(asked);
  prompt.value = "";
  images = [];
  showImages();
  grow();
  answer();
}

async function answer() {
  const controller = new AbortController();
  const reply = new Reply();
  answering = controller;
  log.append(reply.element);
  stayDown();
  showState();
  refocus();
  meter.start();
  const told = { reason: "–" };
  let problem;
  try {
    await ask(controller.signal, reply, told);
  } catch (error) {
    problem = controller.signal.aborted ? undefined : error;
    told.reason = problem ? "broke off" : "stopped by you";
  }
  const down = isDown();
  const { out, time } = meter.end(told);
  reply.end(out || told.usage ? `${told.reason} · ${told.usage ? "" : "≈ "}${out} tokens · ${time}` : told.reason);
  // The received text is part of the conversation, even if the answer broke off.
  if (reply.text.trim()) messages.push({ role: "assistant", content: reply.text });
  if (problem) reply.fail(problem.message, () => again(reply));
  answering = undefined;
  showState();
  if (down) stayDown();
  refocus();
}

/** Asks the last question again. */
function again(reply) {
  if (answering) return;
  if (messages.at(-1).role === "assistant") messages.pop();
  reply.element.remove();
  answer();
}

async function post(path, body, signal) {
  return fetch(path, { method: "POST", body, signal }).catch((error) => {
    throw signal.aborted ? error : new Error("The Worker cannot be reached. Is the demo still running?");
  });
}

async function ask(signal, reply, told) {
  await post(`/trouble/${$("trouble").value || "none"}`, undefined, signal);
  const think = $("think").checked;
  const limit = Number($("tokens").value) || 4096;
  const options = think ? { maxTokens: Math.max(2048, limit), reasoning: 1024 } : { maxTokens: limit };
  const body = JSON.stringify({ messages, model: $("model").value.trim() || null, system: $("system").value, options });
  const response = await post("/chat", body, signal);
  if (!response.ok) throw await refused(response);
  try {
    for await (const event of readSSE(response)) take(event, reply, told);
  } catch (error) {
    const reason = BROKEN[error.kind] ?? `The answer broke off: ${error.message}.`;
    throw signal.aborted ? error : new Error(`${reason} What had come is kept.`);
  }
}

/** The failures of the connection, by the kind of the error. */
const BROKEN = { interrupted: "The connection broke off.", truncated: "The answer ended too early." };

function take({ type, delta, content_block: block, usage }, reply, told) {
  if (type === "content_block_start" && !["text", "thinking"].includes(block.type)) reply.other(block);
  const text = delta?.text ?? delta?.thinking;
  if (text) {
    meter.text(text);
    const down = isDown();
    if (delta.type === "thinking_delta") reply.think(text);
    else reply.add(text);
    if (down) stayDown();
  }
  if (type === "message_delta") {
    told.reason = delta.stop_reason ?? "–";
    told.usage = usage;
  }
}

async function refused(response) {
  const body = await response.json().catch(() => ({}));
  const { kind, message } = body.error ?? {};
  const wait = response.headers.get("retry-after");
  return new Error(`${message ?? "The Worker refused the request"} (${kind ? `${kind}, ` : ""}HTTP ${response.status})${wait ? ` Try again in ${wait} s.` : ""}`);
}

// ---- what is shown ---------------------------------------------------------------------------------

function showState() {
  const busy = Boolean(answering);
  log.setAttribute("aria-busy", String(busy));
  $("send").hidden = busy;
  $("stop").hidden = !busy;
  $("send").disabled = !prompt.value.trim() && !images.length;
}

const isDown = () => log.scrollHeight - log.scrollTop - log.clientHeight < 60;
const stayDown = () => (log.scrollTop = log.scrollHeight);

/** If a focused button has been removed, the message field gets the focus. A field that is being edited keeps it. */
function refocus() {
  const { activeElement: focused } = document;
  if (focused === document.body || focused.hidden) prompt.focus({ preventScroll: true });
}

/** Makes the message field as high as its text. */
function grow() {
  prompt.style.height = "auto";
  prompt.style.height = `${prompt.scrollHeight}px`;
  showState();
}

/** A model's name that is too long for its field is shown in full below the field. */
function showModel() {
  const { value, scrollWidth, clientWidth } = $("model");
  $("whole").textContent = scrollWidth > clientWidth ? value : "";
}

let quiet;
function say(text) {
  $("said").textContent = text;
  clearTimeout(quiet);
  quiet = setTimeout(() => ($("said").textContent = ""), 4000);
}

// ---- images ----------------------------------------------------------------------------------------

async function attach(files) {
  const refused = [];
  for (const file of files) {
    try {
      images.push(await readImage(file));
    } catch (error) {
      refused.push(error.message);
    }
  }
  if (refused.length) say(refused.join("; "));
  showImages();
  prompt.focus();
}

function showImages() {
  const list = images.map((image) => {
    const remove = element("button", { type: "button", "aria-label": `Remove ${image.name}` }, "×");
    remove.addEventListener("click", () => {
      images = images.filter((other) => other !== image);
      showImages();
      prompt.focus();
    });
    return element("li", {}, element("img", { src: url(image), alt: image.name }), remove);
  });
  $("attached").replaceChildren(...list);
  $("attached").hidden = !images.length;
  showState();
}

const files = (transfer) => [...(transfer?.files ?? [])];
let over = 0;
const carries = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragenter", (event) => carries(event) && (over++, ($("drop").hidden = false)));
addEventListener("dragleave", (event) => carries(event) && ($("drop").hidden = --over <= 0));
addEventListener("dragover", (event) => carries(event) && event.preventDefault());
addEventListener("drop", (event) => {
  if (!carries(event)) return;
  event.preventDefault();
  over = 0;
  $("drop").hidden = true;
  attach(files(event.dataTransfer));
});
addEventListener("paste", (event) => {
  if (!files(event.clipboardData).length) return;
  event.preventDefault();
  attach(files(event.clipboardData));
});
$("attach").addEventListener("click", () => $("files").click());
$("files").addEventListener("change", () => {
  attach([...$("files").files]);
  $("files").value = "";
});

// ---- keys and buttons ------------------------------------------------------------------------------

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
prompt.addEventListener("input", grow);
$("model").addEventListener("input", showModel);
new ResizeObserver(showModel).observe($("model"));
prompt.addEventListener("keydown", (event) => {
  // Enter belongs to a word that is being composed.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
});
const stop = () => answering?.abort();
$("stop").addEventListener("click", stop);
addEventListener("keydown", (event) => event.key === "Escape" && stop());
$("fresh").addEventListener("click", () => location.reload());
for (const idea of document.querySelectorAll(".idea")) {
  idea.addEventListener("click", () => {
    prompt.value = idea.textContent;
    if ("think" in idea.dataset) $("think").checked = true;
    if (idea.dataset.system) $("system").value = idea.dataset.system;
    send();
  });
}

// The panel is open if the window is wide.
const wide = matchMedia("(min-width: 861px)");
const fold = () => (settings.open = wide.matches);
wide.addEventListener("change", fold);
fold();
showState();
prompt.focus();

const LANGUAGES = { typescript: "the TypeScript Worker", rust: "the Rust Worker" };
fetch("/about").then((response) => response.json()).then(({ worker }) => {
  $("about").textContent = `${LANGUAGES[worker]} in workerd, the local Bedrock behind it`;
}).catch(() => {});

// The fault matrix in JavaScript: the outcome of each fault of the shared list, as tests/fault_matrix/run.rs writes it.
import { HANGS, equal, ok } from "./check.js";
import { Bedrock, KEYS } from "./bedrock.js";

/** Returns the name of an outcome. */
export const key = (fault, api, call) => `${fault} / ${api} / ${call}`;

/**
 * Returns the outcomes of all faults over one API, by key. `url` is a server that no other test uses, and `closed` the
 * URL of an address where nothing listens.
 */
export async function outcomes(entry, list, id, { url, closed }) {
  // Retries wait for a random part of their delay.
  Math.random = () => 0;
  const api = list.apis.find((api) => api.id === id);
  const bedrock = new Bedrock(url);
  const asks = (fields) => new entry.BedrockChat({
    model: api.model, api: id, service: api.service, region: "us-east-1", credentials: KEYS, endpointUrl: url, ...fields,
  });
  const whole = (await seen(asks({}), "stream", list.question)).text;
  const found = {};
  for (const fault of list.faults) {
    if (fault.apis && !fault.apis.includes(id)) continue;
    const fields = {
      ...(fault.limit_ms && { firstByteTimeout: fault.limit_ms, idleTimeout: fault.limit_ms }),
      ...(fault.closed && { endpointUrl: closed }),
    };
    const text = Object.entries(api.at).reduce((text, [name, number]) => text.replaceAll(`"@${name}"`, number), JSON.stringify(fault.fault));
    for (const call of fault.calls) {
      const place = key(fault.name, id, call);
      try {
        found[place] = await outcome({ bedrock, asks: () => asks({ ...fields, streaming: call === "gathered" }), call, fault, text, whole, question: list.question });
      } catch (error) {
        throw new Error(`${place}: ${error.message}`, { cause: error });
      }
    }
  }
  return found;
}

/** Calls while the fault lasts, and once more with a fault that passes, if the call was sent again. */
async function outcome({ bedrock, asks, call, fault, text, whole, question }) {
  await bedrock.clear();
  await bedrock.faults({ ...JSON.parse(text), forever: true });
  const result = await seen(asks(), call, question);
  const sent = fault.closed ? result.error.attempts : (await bedrock.requests()).length;
  const arrived = result.text ?? result.error.partial?.text ?? "";
  // Nothing is lost, and nothing is sent again after text has arrived.
  if (result.error) equal(result.error.attempts, sent, result.error.message);
  if (call === "stream") equal(result.delivered, arrived);
  ok(!arrived || sent === 1, `sent ${sent} times, although text had arrived`);
  if (sent > 1 && !fault.closed) {
    await bedrock.clear();
    await bedrock.faults({ ...JSON.parse(text), times: 1 });
    const later = await seen(asks(), call, question);
    equal([later.error?.message, later.text, (await bedrock.requests()).length], [undefined, whole, 2]);
  }
  return written(result, sent, whole);
}

/** The outcome for the caller: the text of the message or an error, and the text that a stream delivered. */
async function seen(model, call, question) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error("the call hangs")), HANGS)));
  let delivered = "";
  const reading = async () => {
    if (call !== "stream") return (await model.invoke(question)).text;
    const stream = await model.stream(question);
    for await (const { text } of stream) delivered += text;
    return (await stream.message()).text;
  };
  try {
    return { text: await Promise.race([reading(), late]), delivered };
  } catch (error) {
    if (!error?.kind) throw error;
    return { error, delivered };
  } finally {
    clearTimeout(timer);
  }
}

/** An outcome as text: the kind, how often the call was sent, how much of the text arrived, retryable and transient. */
function written({ text, error }, sent, whole) {
  const extent = (text) => (text === whole ? "all" : whole.startsWith(text) ? `${text.length} of ${whole.length}` : "altered");
  if (!error) return `message | ${sent} | ${extent(text)} |`;
  const partial = error.partial ? extent(error.partial.text) : "none";
  const flags = [error.retryable && "retryable", error.transient && "transient"].filter(Boolean).join(", ");
  return `${error.kind} | ${sent} | ${partial} | ${flags}`;
}

// The local Bedrock's own interface, as a test uses it.

export const MODEL = "anthropic.claude-3-5-sonnet-20240620-v1:0";
export const KEYS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };

export class Bedrock {
  constructor(url) {
    this.url = url;
  }

  async #ask(path, init) {
    const answer = await fetch(`${this.url}/_local/${path}`, init);
    if (!answer.ok) throw new Error(`/_local/${path}: ${answer.status} ${await answer.text()}`);
    return answer.text();
  }

  /** Returns the received requests, in order. */
  async requests() {
    const list = JSON.parse(await this.#ask("requests"));
    return list.map((request) => ({ ...request, headers: Object.fromEntries(request.headers) }));
  }

  faults(...faults) {
    return this.#ask("faults", { method: "POST", body: JSON.stringify(faults) });
  }

  clear() {
    return this.#ask("", { method: "DELETE" });
  }
}

/** All that a test needs: the package, the server, and a chat model that asks it. */
export function context(api, url) {
  const bedrock = new Bedrock(url);
  const fields = { model: MODEL, region: "us-east-1", endpointUrl: url, credentials: KEYS };
  const chat = (more) => new api.BedrockChat({ ...fields, ...more });
  // Returns a model with a custom `fetch`: the test provides its answers.
  const mock = (fetch, more) => chat({ endpointUrl: "https://bedrock.example", fetch, maxRetries: 0, ...more });
  return { ...api, api, bedrock, url, fields, chat, mock };
}

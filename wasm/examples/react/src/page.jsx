import { readText } from "bedrock-chat/sse";
import { useRef, useState } from "react";
import { createRoot } from "react-dom/client";

/** Asks the Worker, and calls `onText` with each piece of the answer. */
async function ask(messages, { token, signal, onText }) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const response = fetch("/chat", { method: "POST", headers, body: JSON.stringify({ messages }), signal });
  for await (const text of readText(response)) onText(text);
}

function Chat() {
  const [messages, setMessages] = useState([]);
  const [problem, setProblem] = useState("");
  const [text, setText] = useState("");
  const [token, setToken] = useState("");
  const [isAsking, setAsking] = useState(false);
  const call = useRef(null);

  async function send(event) {
    event.preventDefault();
    if (!text.trim() || isAsking) return;
    // A question without an answer is asked again: models take turns with the user.
    const answered = messages.at(-1)?.role === "user" ? messages.slice(0, -1) : messages;
    const asked = [...answered, { role: "user", content: text }];
    setMessages(asked);
    setText("");
    setProblem("");
    setAsking(true);
    call.current = new AbortController();
    let answer = "";
    const onText = (piece) => {
      answer += piece;
      setMessages([...asked, { role: "assistant", content: answer }]);
    };
    try {
      await ask(asked, { token, signal: call.current.signal, onText });
    } catch (error) {
      // What has arrived stays in the conversation.
      if (!call.current.signal.aborted) setProblem(error.message);
    }
    setAsking(false);
  }

  return (
    <main aria-busy={isAsking}>
      {messages.map(({ role, content }, at) => (
        <article key={at} aria-label={role}>{content}</article>
      ))}
      {problem && <p role="alert">{problem}</p>}
      <form onSubmit={send}>
        <input aria-label="Access token" type="password" autoComplete="off" value={token} onChange={({ target }) => setToken(target.value)} />
        <input aria-label="Message" value={text} onChange={({ target }) => setText(target.value)} />
        {isAsking ? <button type="button" onClick={() => call.current.abort()}>Stop</button> : <button>Send</button>}
      </form>
    </main>
  );
}

createRoot(document.querySelector("#root")).render(<Chat />);

// A page with `useChat`: one element for each part of a message.
import { useChat } from "@ai-sdk/react";
import { useState } from "react";
import { createRoot } from "react-dom/client";

function Part({ part }) {
  if (part.type === "text" || part.type === "reasoning") return <p className={part.type}>{part.text}</p>;
  if (part.type === "tool-get_weather") return <p className="tool" data-state={part.state}>{part.input?.location} {part.output}</p>;
  return null;
}

function Chat() {
  const { messages, sendMessage, status, stop, error } = useChat();
  const [text, setText] = useState("");
  const send = (event) => {
    event.preventDefault();
    sendMessage({ text });
    setText("");
  };
  return (
    <main data-status={status}>
      {messages.map(({ id, role, parts }) => (
        <article key={id} aria-label={role}>
          {parts.map((part, at) => <Part key={at} part={part} />)}
        </article>
      ))}
      {error && <p role="alert">{error.message}</p>}
      <form onSubmit={send}>
        <input aria-label="Message" value={text} onChange={(event) => setText(event.target.value)} />
        <button type="button" onClick={stop}>Stop</button>
      </form>
    </main>
  );
}

createRoot(document.querySelector("#root")).render(<Chat />);

"""Anthropic's SDK for Python against the gateway: a Claude model, and models that do not speak its API.

Usage: GATEWAY_URL=http://127.0.0.1:8787 GATEWAY_KEY=key python anthropic_check.py
"""

import os

import anthropic
from anthropic import Anthropic, beta_tool
from pydantic import BaseModel

from judge import CITIES, CLAUDE, KEY, NOVA, OSS, PNG, QUESTION, QWEN, URL, check, finish, refusal, same, user

MANTLE = "anthropic.claude-haiku-4-5"
WEATHER = {
    "name": "get_weather",
    "description": "Weather.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
client = Anthropic(base_url=URL, api_key=KEY, max_retries=0)


class City(BaseModel):
    city: str


def text(message):
    return "".join(block.text for block in message.content if block.type == "text")


def create(model):
    reply = client.messages.create(model=model, max_tokens=100, system="Be brief.", messages=user("Hello"))
    same((reply.type, reply.role, reply.stop_reason), ("message", "assistant", "end_turn"))
    assert text(reply).endswith("You said: Hello"), reply
    assert reply.id and reply.model and reply.usage.input_tokens > 0 and reply.usage.output_tokens > 0, reply
    same(client.messages.create(model=model, max_tokens=3, messages=user("Hello")).stop_reason, "max_tokens")
    with_bearer = Anthropic(base_url=URL, auth_token=KEY, max_retries=0)
    same(text(with_bearer.messages.create(model=model, max_tokens=100, messages=user("Hello"))), text(reply))


def stream(model):
    reply = client.messages.create(model=model, max_tokens=100, messages=user("Hello"))
    with client.messages.stream(model=model, max_tokens=100, messages=user("Hello")) as events:
        spoken = "".join(events.text_stream)
        final = events.get_final_message()
    same(spoken, text(reply))
    leave = {"id"}
    same(final.model_dump(exclude=leave)["content"], reply.model_dump(exclude=leave)["content"])
    same((final.stop_reason, final.model), (reply.stop_reason, reply.model))
    same(final.usage.output_tokens, reply.usage.output_tokens)
    same(final.usage.input_tokens, reply.usage.input_tokens)
    kinds = [event.type for event in client.messages.create(model=model, max_tokens=9, messages=user("Hi"), stream=True)]
    same((kinds[0], kinds[-2:]), ("message_start", ["message_delta", "message_stop"]))


def thinking(model):
    options = {"model": model, "max_tokens": 4000, "thinking": {"type": "enabled", "budget_tokens": 1024}}
    for streamed in (False, True):
        if streamed:
            with client.messages.stream(messages=user(QUESTION), tools=[WEATHER], **options) as events:
                first = events.get_final_message()
        else:
            first = client.messages.create(messages=user(QUESTION), tools=[WEATHER], **options)
        same(first.content[0].type, "thinking")
        assert first.content[0].thinking and first.content[0].signature, first
        calls = [block for block in first.content if block.type == "tool_use"]
        same([call.input for call in calls], CITIES)
        # The signature is sent back, and the service checks it.
        results = [{"type": "tool_result", "tool_use_id": call.id, "content": "fine"} for call in calls]
        turns = [*user(QUESTION), {"role": "assistant", "content": first.content}, *user(results)]
        second = client.messages.create(messages=turns, tools=[WEATHER], **options)
        same(text(second).count("fine"), 2)


def tools(model):
    asked = []

    @beta_tool
    def get_weather(city: str) -> str:
        """Weather.

        Args:
            city: The city.
        """
        asked.append(city)
        return "fine"

    for streamed in (False, True):
        asked.clear()
        runner = client.beta.messages.tool_runner(
            model=model, max_tokens=500, tools=[get_weather], messages=user(QUESTION), stream=streamed, thread=False
        )
        final = runner.until_done()
        same((asked, final.stop_reason, text(final).count("fine")), (["Paris", "Zürich"], "end_turn", 2))
    forced = client.messages.create(
        model=model,
        max_tokens=500,
        tools=[WEATHER],
        tool_choice={"type": "tool", "name": "get_weather"},
        messages=user("Paris."),
    )
    same([block.name for block in forced.content if block.type == "tool_use"], ["get_weather"])


def images(model):
    source = {"type": "base64", "media_type": "image/png", "data": PNG}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "Look at this."}]
    reply = text(client.messages.create(model=model, max_tokens=100, messages=user(content)))
    assert "png" in reply.lower(), reply


def count_tokens(model):
    counted = client.messages.count_tokens(model=model, messages=user("Hello"))
    reply = client.messages.create(model=model, max_tokens=9, messages=user("Hello"))
    same(counted.input_tokens, reply.usage.input_tokens)
    same(client.beta.messages.count_tokens(model=model, messages=user("Hello")).input_tokens, counted.input_tokens)


def cache(model):
    unique = " ".join(f"{os.getpid()}-{number}" for number in range(6000))
    system = [{"type": "text", "text": unique, "cache_control": {"type": "ephemeral"}}]
    for member in ("cache_creation_input_tokens", "cache_read_input_tokens"):
        usage = client.messages.create(model=model, max_tokens=50, system=system, messages=user("Hello")).usage
        assert getattr(usage, member) > 5000, f"{member}: {usage}"
    with client.messages.stream(model=model, max_tokens=50, system=system, messages=user("Hello")) as events:
        assert events.get_final_message().usage.cache_read_input_tokens > 5000


def typed(model):
    parsed = client.messages.parse(model=model, max_tokens=500, messages=user("I am in Paris."), output_format=City)
    same(parsed.parsed_output, City(city="Paris"))


def beta(model):
    betas = ["context-1m-2025-08-07", "interleaved-thinking-2025-05-14", "no-such-beta-2030-01-01"]
    reply = client.beta.messages.create(model=model, max_tokens=100, messages=user("Hello"), betas=betas)
    assert text(reply).endswith("You said: Hello"), reply
    with client.beta.messages.stream(model=model, max_tokens=100, messages=user("Hello"), betas=betas) as events:
        same(text(events.get_final_message()), text(reply))


def like_claude_code(model):
    """The members that Claude Code sends to every model that it does not know."""
    with client.beta.messages.stream(
        model=model,
        max_tokens=32000,
        betas=["claude-code-20250219", "context-management-2025-06-27", "effort-2025-11-24"],
        system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        messages=[*user("Hello"), {"role": "system", "content": [{"type": "text", "text": "# Environment"}]}],
        tools=[],
        metadata={"user_id": '{"device_id":"0","session_id":"1"}'},
        thinking={"type": "adaptive", "display": "omitted"},
        context_management={"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        output_config={"effort": "high"},
    ) as events:
        assert "Hello" in text(events.get_final_message())


def refused(kind, error_type, call, *words):
    error = refusal(kind, call, *words)
    assert type(error.body) is dict and error.body.get("type") == "error", f"not Anthropic's shape: {error.body!r}"
    same(error.body["error"]["type"], error_type)


def errors():
    create = client.messages.create
    wrong = Anthropic(base_url=URL, api_key="wrong", max_retries=0)
    for stream in (False, True):
        given = {"max_tokens": 9, "stream": stream}
        key = lambda: wrong.messages.create(model=CLAUDE, messages=user("Hi"), **given)
        refused(anthropic.AuthenticationError, "authentication_error", key)
        unknown = lambda: create(model="no-such-model", messages=user("Hi"), **given)
        refused(anthropic.NotFoundError, "not_found_error", unknown, "no-such-model")
        for model in (CLAUDE, NOVA):
            bad = lambda: create(model=model, messages=[], **given)
            refused(anthropic.BadRequestError, "invalid_request_error", bad)
            bad = lambda: create(model=model, messages=user([{"type": "riddle"}]), **given)
            refused(anthropic.BadRequestError, "invalid_request_error", bad)
            bad = lambda: create(model=model, messages=user(" "), **given)
            refused(anthropic.BadRequestError, "invalid_request_error", bad)


def models():
    listed = list(client.models.list(limit=1000))
    assert {model.type for model in listed} == {"model"} and all(model.display_name for model in listed), listed[:3]


for model in (CLAUDE, MANTLE, NOVA, OSS, QWEN):
    check("create", create, model)
    check("stream", stream, model)
    check("tools", tools, model)
    check("beta", beta, model)
    if model in (CLAUDE, MANTLE, NOVA):
        check("images", images, model)
    if model in (CLAUDE, MANTLE):
        check("thinking", thinking, model)
        check("count_tokens", count_tokens, model)
        check("cache", cache, model)
        check("typed", typed, model)
    else:
        check("like_claude_code", like_claude_code, model)
check("errors", errors)
check("models", models)
finish(f"anthropic {anthropic.__version__}")

"""The openai SDK for Python against the gateway, for each way that the gateway takes to a model.

Usage: GATEWAY_URL=http://127.0.0.1:8787 GATEWAY_KEY=key python openai_check.py
"""

import json

import openai
from openai import OpenAI
from pydantic import BaseModel

from judge import CITIES, CLAUDE, GPT, KEY, NOVA, OSS, PNG, QUESTION, URL, check, finish, refusal, same, user

LLAMA = "meta.llama3-3-70b-instruct-v1:0"
PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
NESTED = {"type": "function", "function": {"name": "get_weather", "description": "Weather.", "parameters": PARAMETERS}}
FLAT = {"type": "function", "name": "get_weather", "description": "Weather.", "parameters": PARAMETERS, "strict": True}
IMAGE = "data:image/png;base64," + PNG
client = OpenAI(base_url=URL + "/v1", api_key=KEY, max_retries=0)


class City(BaseModel):
    city: str


def whole(usage, parts):
    assert usage and parts[0] > 0 and parts[1] > 0, usage
    same(usage.total_tokens, parts[0] + parts[1])


def chat(model):
    reply = client.chat.completions.create(model=model, messages=[{"role": "system", "content": "Be brief."}, *user("Hello")])
    same((reply.object, reply.model, len(reply.choices)), ("chat.completion", model, 1))
    choice = reply.choices[0]
    same((choice.index, choice.finish_reason, choice.message.role), (0, "stop", "assistant"))
    assert choice.message.content.endswith("You said: Hello"), choice
    whole(reply.usage, (reply.usage.prompt_tokens, reply.usage.completion_tokens))


def chat_stream(model):
    whole_reply = client.chat.completions.create(model=model, messages=user("Hello"))
    for options in ({}, {"stream_options": {"include_usage": True}}):
        chunks = list(client.chat.completions.create(model=model, messages=user("Hello"), stream=True, **options))
        same({chunk.object for chunk in chunks}, {"chat.completion.chunk"})
        same({(chunk.id, chunk.model) for chunk in chunks}, {(chunks[0].id, model)})
        deltas = [chunk.choices[0] for chunk in chunks if chunk.choices]
        same(deltas[0].delta.role, "assistant")
        same("".join(each.delta.content or "" for each in deltas), whole_reply.choices[0].message.content)
        same([each.finish_reason for each in deltas if each.finish_reason], ["stop"])
        if options:
            same(chunks[-1].choices, [])
            same(chunks[-1].usage.total_tokens, whole_reply.usage.total_tokens)
        else:
            same([chunk.usage for chunk in chunks if chunk.usage], [])


def chat_tools(model):
    """Two calls in the first step, their results in the second, another call in the third."""
    options = {"reasoning_effort": "none"} if model == GPT else {}
    messages = user(QUESTION)
    with client.chat.completions.stream(model=model, messages=messages, tools=[NESTED], **options) as stream:
        final = stream.get_final_completion().choices[0]
    same(final.finish_reason, "tool_calls")
    same([json.loads(call.function.arguments) for call in final.message.tool_calls], CITIES)
    first = client.chat.completions.create(model=model, messages=messages, tools=[NESTED], **options).choices[0]
    same(first.finish_reason, "tool_calls")
    same([json.loads(call.function.arguments) for call in first.message.tool_calls], CITIES)
    messages.append(first.message.model_dump(exclude_none=True))
    for call in first.message.tool_calls:
        messages.append({"role": "tool", "tool_call_id": call.id, "content": "fine"})
    second = client.chat.completions.create(model=model, messages=messages, tools=[NESTED], **options).choices[0]
    same((second.finish_reason, second.message.content.count("fine")), ("stop", 2))
    messages += [second.message.model_dump(exclude_none=True), *user("And the weather in Rome?")]
    third = client.chat.completions.create(model=model, messages=messages, tools=[NESTED], **options).choices[0]
    same([json.loads(call.function.arguments) for call in third.message.tool_calls], [{"city": "Rome"}])
    if model == LLAMA:  # It cannot be forced to call a tool.
        return
    forced = client.chat.completions.create(
        model=model,
        messages=user("Paris."),
        tools=[NESTED],
        tool_choice={"type": "function", "function": {"name": "get_weather"}},
        **options,
    )
    same(forced.choices[0].message.tool_calls[0].function.name, "get_weather")


def chat_image(model):
    content = [{"type": "text", "text": "Look at this."}, {"type": "image_url", "image_url": {"url": IMAGE}}]
    reply = client.chat.completions.create(model=model, messages=user(content)).choices[0].message.content
    assert "png" in reply.lower(), reply


def chat_parse(model):
    typed = client.chat.completions.parse(model=model, messages=user("I am in Paris."), response_format=City)
    same(typed.choices[0].message.parsed, City(city="Paris"))


def chat_limit(model):
    reply = client.chat.completions.create(model=model, messages=user("Hello"), max_completion_tokens=3)
    same(reply.choices[0].finish_reason, "length")


def responses(model):
    reply = client.responses.create(model=model, instructions="Be brief.", input="Hello")
    same((reply.object, reply.status, reply.model), ("response", "completed", model))
    assert reply.output_text.endswith("You said: Hello"), reply
    whole(reply.usage, (reply.usage.input_tokens, reply.usage.output_tokens))


def responses_stream(model):
    reply = client.responses.create(model=model, input="Hello")
    with client.responses.stream(model=model, input="Hello") as stream:
        events = list(stream)
        final = stream.get_final_response()
    same("".join(event.delta for event in events if event.type == "response.output_text.delta"), reply.output_text)
    same(final.output_text, reply.output_text)
    same([event.sequence_number for event in events], list(range(len(events))))
    same((events[0].type, events[-1].type), ("response.created", "response.completed"))
    same(final.usage.total_tokens, reply.usage.total_tokens)


def responses_tools(model):
    options = {"model": model, "tools": [FLAT], "store": False, "include": ["reasoning.encrypted_content"]}
    history = user(QUESTION)
    for streamed in (True, False):
        if streamed:
            with client.responses.stream(input=history, **options) as stream:
                first = stream.get_final_response()
        else:
            first = client.responses.create(input=history, **options)
        calls = [item for item in first.output if item.type == "function_call"]
        same([json.loads(call.arguments) for call in calls], CITIES)
    history += [item.model_dump(exclude_none=True) for item in first.output]
    history += [{"type": "function_call_output", "call_id": call.call_id, "output": "fine"} for call in calls]
    second = client.responses.create(input=history, **options)
    same(second.output_text.count("fine"), 2)
    history += [item.model_dump(exclude_none=True) for item in second.output] + user("And the weather in Rome?")
    third = client.responses.create(input=history, **options)
    same([json.loads(item.arguments) for item in third.output if item.type == "function_call"], [{"city": "Rome"}])


def responses_image(model):
    content = [{"type": "input_text", "text": "Look at this."}, {"type": "input_image", "image_url": IMAGE, "detail": "auto"}]
    reply = client.responses.create(model=model, input=user(content)).output_text
    assert "png" in reply.lower(), reply


def responses_parse(model):
    same(client.responses.parse(model=model, input="I am in Paris.", text_format=City).output_parsed, City(city="Paris"))


def refused(kind, call, *words):
    error = refusal(kind, call, *words)
    assert type(error.body) is dict and error.body.get("message"), f"not OpenAI's shape: {error.body!r}"


def models():
    listed = list(client.models.list())
    same({model.object for model in listed}, {"model"})
    for model in (CLAUDE, NOVA):
        assert any(model.endswith(each.id) or each.id == model for each in listed), [each.id for each in listed]


def errors():
    chat, wrong = client.chat.completions.create, OpenAI(base_url=URL + "/v1", api_key="wrong", max_retries=0)
    refused(openai.AuthenticationError, lambda: wrong.chat.completions.create(model=CLAUDE, messages=user("Hi")))
    refused(openai.AuthenticationError, lambda: wrong.responses.create(model=GPT, input="Hi"))
    refused(openai.AuthenticationError, wrong.models.list)
    for stream in (False, True):
        refused(openai.NotFoundError, lambda: chat(model="no-such-model", messages=user("Hi"), stream=stream), "no-such-model")
        refused(openai.BadRequestError, lambda: chat(model=CLAUDE, messages=[], stream=stream))
    refused(openai.NotFoundError, lambda: client.responses.create(model="no-such-model", input="Hi"), "no-such-model")
    refused(openai.BadRequestError, lambda: chat(model=NOVA, messages=user("Hi"), temperature=-7))
    refused(openai.BadRequestError, lambda: chat(model=NOVA, messages=user([{"type": "riddle"}])), "riddle")
    refused(openai.BadRequestError, lambda: client.responses.create(model=CLAUDE, input=[{"type": "riddle"}]))
    refused(openai.APIStatusError, lambda: client.embeddings.create(model=NOVA, input="Hi"), "embedding")


for model in (CLAUDE, NOVA, LLAMA, OSS, GPT):
    check("chat", chat, model)
    check("chat_stream", chat_stream, model)
    check("chat_limit", chat_limit, model)
    check("chat_parse", chat_parse, model)
    check("chat_tools", chat_tools, model)
    if model in (CLAUDE, NOVA, GPT):
        check("chat_image", chat_image, model)
    check("responses", responses, model)
    check("responses_stream", responses_stream, model)
    check("responses_tools", responses_tools, model)
    check("responses_parse", responses_parse, model)
    if model in (CLAUDE, NOVA, GPT):
        check("responses_image", responses_image, model)
check("models", models)
check("errors", errors)
finish(f"openai {openai.__version__}")

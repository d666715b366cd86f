"""langchain-aws's classes for bedrock-mantle against the local Bedrock.

Usage: python langchain_check.py RUNTIME_URL MANTLE_URL ACCESS_KEY_ID SECRET_ACCESS_KEY BEARER_KEY
"""

import os
import sys
from importlib.metadata import version

runtime, mantle, key, secret, bearer = sys.argv[1:6]
for name in ("AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK", "AWS_PROFILE", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
    os.environ.pop(name, None)

from langchain_aws import ChatAnthropicMantle, ChatOpenAIMantle  # noqa: E402
from langchain_core.messages import HumanMessage, ToolMessage  # noqa: E402
from langchain_core.tools import tool  # noqa: E402
from pydantic import BaseModel  # noqa: E402


class City(BaseModel):
    """A place."""

    city: str


@tool
def get_weather(city: str) -> str:
    """Gets the weather of a city."""
    return f"fine in {city}"


def check(model, refused, can_force=True):
    reply = model.invoke("Hello")
    assert reply.text.endswith("You said: Hello"), reply
    assert reply.usage_metadata["total_tokens"] > 0, reply
    chunks = list(model.stream("Hello"))
    assert "".join(chunk.text for chunk in chunks) == reply.text and len(chunks) > 3, chunks

    # Two tool calls, their results, and the whole history sent back.
    history = [HumanMessage("What is the weather in Paris and Zürich?")]
    with_tools = model.bind_tools([get_weather])
    answer = None
    for chunk in with_tools.stream(history):
        answer = chunk if answer is None else answer + chunk
    assert [call["args"]["city"] for call in answer.tool_calls] == ["Paris", "Zürich"], answer
    history.append(answer)
    for call in answer.tool_calls:
        history.append(ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"]))
    answer = with_tools.invoke(history)
    assert "fine in Paris" in answer.text and "fine in Zürich" in answer.text, answer

    if can_force:
        typed = model.with_structured_output(City).invoke("I am in Paris.")
        assert typed == City(city="Paris"), typed
    try:
        refused()
        raise AssertionError("not refused")
    except Exception as error:
        assert getattr(error, "status_code", None) in (400, 404), error


aws = {"region_name": "us-east-1", "max_retries": 0}
for options in ({"bedrock_api_key": bearer}, {"aws_access_key_id": key, "aws_secret_access_key": secret}):
    gpt = lambda model="openai.gpt-5.6-luna", **more: ChatOpenAIMantle(  # noqa: E731
        model=model, base_url=mantle + "/openai/v1", **aws, **options, **more
    )
    check(gpt(), lambda: gpt("openai.gpt-oss-120b").invoke("Hi"))
    claude = lambda model="anthropic.claude-haiku-4-5", **more: ChatAnthropicMantle(  # noqa: E731
        model=model, base_url=mantle + "/anthropic", **aws, **options, **more
    )
    check(claude(), lambda: claude("us.anthropic.claude-sonnet-5-5").invoke("Hi"))
    thinking = claude("anthropic.claude-sonnet-5-5", thinking={"type": "adaptive"})
    check(thinking, lambda: claude(top_k=900).invoke("Hi"), can_force=False)
oss = ChatOpenAIMantle(model="openai.gpt-oss-120b", base_url=mantle + "/v1", bedrock_api_key=bearer, **aws)
check(oss, lambda: ChatOpenAIMantle(model="none.x", base_url=mantle + "/v1", bedrock_api_key=bearer).invoke("Hi"))

print("langchain-aws", version("langchain-aws"), "works with it")

"""Agent frameworks over the OpenAI SDK against the gateway: openai-agents and instructor.

Usage: GATEWAY_URL=http://127.0.0.1:8787 GATEWAY_KEY=key python agents_check.py
"""

import asyncio
from importlib.metadata import version

# Before the packages below, which read the environment when they are imported.
from judge import CLAUDE, GPT, KEY, NOVA, QUESTION, URL, check, finish, same

import instructor
from agents import (
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

set_tracing_disabled(True)
client = AsyncOpenAI(base_url=URL + "/v1", api_key=KEY, max_retries=0)
loop = asyncio.new_event_loop()


class City(BaseModel):
    city: str


def agent(api, name):
    """An agent calls its tool twice in one step and answers in the next, whole and streamed."""
    asked = []

    @function_tool
    def get_weather(city: str) -> str:
        """Weather of a city."""
        asked.append(city)
        return "fine"

    settings = ModelSettings(include_usage=True)
    worker = Agent(
        name="worker", instructions="Be brief.", tools=[get_weather], model=api(name, client), model_settings=settings
    )

    async def streamed():
        result = Runner.run_streamed(worker, QUESTION)
        async for _ in result.stream_events():
            pass
        return result

    for run in (lambda: Runner.run(worker, QUESTION), streamed):
        asked.clear()
        result = loop.run_until_complete(run())
        same((sorted(asked), result.final_output.count("fine")), (["Paris", "Zürich"], 2))
        usage = result.context_wrapper.usage
        assert usage.requests == 2 and usage.input_tokens > 0 and usage.output_tokens > 0, usage


def typed(api, name):
    worker = Agent(name="worker", model=api(name, client), output_type=City)
    same(loop.run_until_complete(Runner.run(worker, "I am in Paris.")).final_output, City(city="Paris"))


def by_instructor(mode, name):
    typed = instructor.from_openai(OpenAI(base_url=URL + "/v1", api_key=KEY, max_retries=0), mode=mode)
    question = [{"role": "user", "content": "I am in Paris."}]
    same(typed.chat.completions.create(model=name, messages=question, response_model=City).city, "Paris")


for name in (CLAUDE, NOVA, GPT):
    for api in (OpenAIResponsesModel,) if name == GPT else (OpenAIResponsesModel, OpenAIChatCompletionsModel):
        check("agent", agent, api, name)
        check("typed agent", typed, api, name)
    check("instructor", by_instructor, instructor.Mode.JSON_SCHEMA, name)
    if name != GPT:  # In Chat Completions, it refuses tools unless `reasoning_effort` is `none`.
        check("instructor", by_instructor, instructor.Mode.TOOLS, name)
finish(f"openai-agents {version('openai-agents')}, instructor {version('instructor')}", "work")

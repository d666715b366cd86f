"""Helpers of the checks for Python: the gateway's address, questions, and the report of each check.

Importing it removes the vendors' variables from the environment, so that a client uses only what a check passes to it.
"""

import os
import sys
import traceback

URL, KEY = os.environ["GATEWAY_URL"], os.environ["GATEWAY_KEY"]
for name in [name for name in os.environ if name.startswith(("ANTHROPIC_", "AWS_", "OPENAI_"))]:
    del os.environ[name]

CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
NOVA = "amazon.nova-lite-v1:0"
OSS = "openai.gpt-oss-120b-1:0"
GPT = "openai.gpt-5.6-luna"
QWEN = "qwen.qwen3-32b-v1:0"
QUESTION = "What is the weather in Paris and Zürich?"
CITIES = [{"city": "Paris"}, {"city": "Zürich"}]
# Base64 of an image of one pixel.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
failed = []


def check(name, call, *arguments):
    """Runs `call(*arguments)` and prints whether it succeeded. A failure does not stop the checks after it."""
    shown = [getattr(each, "__name__", each) for each in arguments]
    try:
        call(*arguments)
        print("ok", name, *shown, flush=True)
    except Exception:
        failed.append(name)
        print("FAILED", name, *shown, flush=True)
        traceback.print_exc(file=sys.stdout)


def finish(clients, verb="works"):
    """Prints the result of all checks and exits, with an error if a check failed."""
    print(clients, f"failed: {failed}" if failed else f"{verb} with the gateway")
    sys.exit(bool(failed))


def same(got, wanted):
    assert got == wanted, f"\n got    {got!r}\n wanted {wanted!r}"


def user(content):
    """Returns the messages of a user's first turn, in the form of OpenAI's and Anthropic's APIs."""
    return [{"role": "user", "content": content}]


def refusal(kind, call, *words):
    """Returns the error of type `kind` that `call` raises. It must contain the words, and must not contain the key."""
    try:
        reply = call()
    except kind as error:
        for word in words:
            assert word in str(error), error
        assert KEY not in str(error), error
        return error
    raise AssertionError(f"not refused with {kind}: {reply}")

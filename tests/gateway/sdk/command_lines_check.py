"""The command lines of Claude Code and Codex against the gateway, without an account.

They chat, and they use a tool: Claude Code reads a file, Codex runs a command. The local Bedrock decides the arguments
of the tools, so both calls fail, and the reply repeats the tool's error.

Usage: GATEWAY_URL=http://127.0.0.1:8787 GATEWAY_KEY=key python command_lines_check.py FOLDER_OF_BINARIES
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from judge import CLAUDE, GPT, KEY, OSS, QWEN, URL, check, finish

BINARIES = sys.argv[1]
SONNET = "us.anthropic.claude-sonnet-4-6"
OPUS = "anthropic.claude-opus-4-8"
NOVA_PRO = "amazon.nova-pro-v1:0"
# No part of the path may be a word of a tool's name, or the local Bedrock calls that tool.
home = tempfile.mkdtemp(prefix="gateway-", dir=os.environ.get("CARGO_TARGET_TMPDIR"))


def run(command, **environment):
    """Runs a command with nothing of the caller's environment but the folders of programs."""
    work = Path(home, "work")
    work.mkdir(exist_ok=True)
    path = os.pathsep.join([BINARIES, os.environ["PATH"]])
    given = {"PATH": path, "HOME": home, **environment}
    done = subprocess.run(command, env=given, cwd=work, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
    assert KEY not in done.stdout + done.stderr, done
    # Codex writes its steps to stderr, and the reply to stdout.
    return done.returncode, done.stdout if done.returncode == 0 else done.stdout + done.stderr


def claude(model, prompt, tools, **environment):
    given = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "CLAUDE_CODE_MAX_RETRIES": "0", **environment}
    command = ["claude", "-p", prompt, "--model", model, "--tools", tools, "--max-turns", "4"]
    return run(command, **given)


def claude_code(model, key="ANTHROPIC_AUTH_TOKEN"):
    code, said = claude(model, "Hello", "", ANTHROPIC_BASE_URL=URL, **{key: KEY})
    assert code == 0 and "You said: " in said and "Hello" in said, said
    code, said = claude(model, "Read the file a.txt", "Read", ANTHROPIC_BASE_URL=URL, **{key: KEY})
    assert code == 0 and re.search(r"The tool Read \w+: .*File does not exist", said), said


def claude_code_on_bedrock(model):
    common = {"CLAUDE_CODE_USE_BEDROCK": "1", "ANTHROPIC_BEDROCK_BASE_URL": URL, "AWS_REGION": "us-east-1"}
    for key in (
        {"AWS_BEARER_TOKEN_BEDROCK": KEY},
        {"CLAUDE_CODE_SKIP_BEDROCK_AUTH": "1", "ANTHROPIC_AUTH_TOKEN": KEY},
        {"CLAUDE_CODE_SKIP_BEDROCK_AUTH": "1", "ANTHROPIC_CUSTOM_HEADERS": f"x-api-key: {KEY}"},
    ):
        code, said = claude(model, "Read the file a.txt", "Read", **common, **key)
        assert code == 0 and re.search(r"The tool Read \w+: .*File does not exist", said), said


def claude_code_errors():
    for model, key, words in ((CLAUDE, "wrong", "authenticate"), ("no-such-model", KEY, "selected model")):
        code, said = claude(model, "Hello", "", ANTHROPIC_BASE_URL=URL, ANTHROPIC_AUTH_TOKEN=key)
        assert code != 0 and words in said, said


def codex(model, key=KEY, prompt="Hello"):
    Path(home, ".codex").mkdir(exist_ok=True)
    Path(home, ".codex/config.toml").write_text(
        f'model = "{model}"\nmodel_provider = "gateway"\n[model_providers.gateway]\nname = "Gateway"\n'
        f'base_url = "{URL}/v1"\nenv_key = "GATEWAY_KEY"\nwire_api = "responses"\n'
    )
    return run(["codex", "exec", "--skip-git-repo-check", prompt], GATEWAY_KEY=key)


def codex_works(model):
    code, said = codex(model)
    assert code == 0 and "You said: " in said and said.rstrip().endswith("Hello"), said
    code, said = codex(model, prompt="exec_command ls")
    assert code == 0 and re.search(r"The tool exec_command \w+: .*Output:", said, re.DOTALL), said


def codex_errors():
    code, said = codex(GPT, key="wrong")
    assert code != 0 and "401" in said, said
    code, said = codex("no-such-model")
    assert code != 0 and "no-such-model" in said, said


for model in (CLAUDE, SONNET, OPUS, NOVA_PRO, QWEN, OSS, GPT):
    check("Claude Code", claude_code, model)
check("Claude Code", claude_code, CLAUDE, "ANTHROPIC_API_KEY")
check("Claude Code's Bedrock mode", claude_code_on_bedrock, SONNET)
check("Claude Code's errors", claude_code_errors)
for model in (GPT, OSS, CLAUDE, NOVA_PRO):
    check("Codex", codex_works, model)
check("Codex's errors", codex_errors)
shutil.rmtree(home, ignore_errors=True)
finish("Claude Code and Codex", "work")

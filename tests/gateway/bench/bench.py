"""CPU time and memory of a proxy for each stream: this crate's gateway and LiteLLM's proxy, in one run.

Both stand before the same recorded service (service.mjs), and the same client reads OpenAI's Chat Completions streams
from them. A stream has 2,000 frames. CPU is user and system time of the proxy's processes.

    make bench-gateway
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FRAMES, WARM_UP, STREAMS = 2000, 10, 50
MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
KEY = "sk-bench-0123456789abcdef"
HERE = Path(__file__).parent
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def family(pid):
    """Returns a process and its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in family(int(child)))]


def cpu(pid):
    """Returns the user and system time of a process and its descendants, in milliseconds."""
    fields = [Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split() for each in family(pid)]
    return sum(int(each[11]) + int(each[12]) for each in fields) * 1000 / TICKS


def peak(pid):
    """Returns the peak of resident memory, in MB."""
    lines = [line for each in family(pid) for line in Path(f"/proc/{each}/status").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1000


def stream(port):
    """Reads a stream to its end, and returns the time to its first byte in milliseconds, and its number of events."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "stream": True}
    headers = {"content-type": "application/json", "authorization": f"Bearer {KEY}"}
    began = time.perf_counter()
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    response = connection.getresponse()
    first = response.read(1)
    waited = (time.perf_counter() - began) * 1000
    said = first + response.read()
    connection.close()
    events = said.count(b'"content":')
    if response.status != 200 or events < FRAMES - 20 or b"[DONE]" not in said:
        raise SystemExit(f"port {port}: status {response.status}, {events} events, {said[:500]!r}")
    return waited, said.count(b"data:")


def measure(name, command, port, environment):
    log = tempfile.NamedTemporaryFile(prefix=name, suffix=".log")
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None:
                    raise SystemExit(f"{name} ended:\n{Path(log.name).read_text()[-2000:]}")
                time.sleep(0.2)
        idle = peak(process.pid)
        for _ in range(WARM_UP):
            stream(port)
        before, began = cpu(process.pid), time.perf_counter()
        waits = sorted(stream(port)[0] for _ in range(STREAMS))
        took = (time.perf_counter() - began) * 1000 / STREAMS
        used = (cpu(process.pid) - before) / STREAMS
        print(f"| {name} | {used:.1f} ms | {took:.1f} ms | {waits[STREAMS // 2]:.1f} ms | {idle:.0f} MB | {peak(process.pid):.0f} MB |", flush=True)
        return used
    finally:
        process.terminate()
        process.wait(20)


def main():
    gateway, litellm = sys.argv[1:3]
    service, ours, theirs = free_port(), free_port(), free_port()
    upstream = subprocess.Popen(["node", HERE / "service.mjs", str(service), str(FRAMES)], stdout=subprocess.PIPE)
    upstream.stdout.readline()
    endpoint = f"http://127.0.0.1:{service}"
    common = {
        "PATH": os.environ["PATH"],
        "HOME": tempfile.mkdtemp(),
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        "AWS_REGION": "us-east-1",
    }
    settings = Path(common["HOME"], "litellm.yaml")
    parameters = {"model": f"bedrock/{MODEL}", "aws_bedrock_runtime_endpoint": endpoint, "aws_region_name": "us-east-1"}
    settings.write_text(
        json.dumps({"model_list": [{"model_name": MODEL, "litellm_params": parameters}], "general_settings": {"master_key": KEY}})
    )
    print(f"| proxy | CPU of a stream of {FRAMES:,} frames | its time | first byte | memory at start | peak |")
    print("|---|---|---|---|---|---|")
    try:
        endpoints = {f"AWS_ENDPOINT_URL_BEDROCK{name}": endpoint for name in ("", "_RUNTIME", "_MANTLE")}
        used = measure(
            "gateway",
            [gateway, "--listen", f"127.0.0.1:{ours}"],
            ours,
            {**common, **endpoints, "GATEWAY_KEY": KEY},
        )
        other = measure(
            "LiteLLM",
            [litellm, "--config", str(settings), "--host", "127.0.0.1", "--port", str(theirs), "--telemetry", "False"],
            theirs,
            {**common, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"},
        )
        print(f"LiteLLM uses {other / max(used, 0.1):.0f} times the CPU.")
    finally:
        upstream.terminate()


main()

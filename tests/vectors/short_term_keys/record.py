"""Records short-term API keys of AWS's generator for Python, beside those of the one for JavaScript.

    pip install aws-bedrock-token-generator==1.1.0
    npm install --prefix DIR @aws/bedrock-token-generator@1.1.0
    python3 record.py DIR > keys.json

Both are run with clocks that stand still at 2025-01-02T03:04:05Z.
"""

import datetime
import json
import subprocess
import sys
from pathlib import Path
from unittest import mock

import botocore.auth
import botocore.credentials
from aws_bedrock_token_generator.token_generator import _generate_token

NOW = datetime.datetime(2025, 1, 2, 3, 4, 5)
KEY = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
CASES = [
    ("us-east-1", None, 43200),
    ("us-east-1", None, 1),
    ("eu-west-1", "TOKEN+/=", 900),
    ("us-gov-west-1", "commas,and&signs=~*'()!", 60),
    ("cn-north-1", "IQoJb3JpZ2luX2VjEJ//+wEaCXVzLWVhc3QtMQ==", 3600),
]


def of_python(region, token, seconds):
    credentials = botocore.credentials.Credentials(*KEY, token)
    with mock.patch.object(botocore.auth, "get_current_datetime", lambda *_, **__: NOW):
        return _generate_token(credentials, region, seconds)


def of_javascript(folder, region, token, seconds):
    case = json.dumps({"region": region, "token": token, "seconds": seconds, "id": KEY[0], "secret": KEY[1]})
    script = Path(__file__).with_name("record.mjs").resolve()
    run = subprocess.run(["node", script, folder, case], check=True, capture_output=True, text=True)
    return run.stdout.strip()


def main():
    cases = [
        {
            "region": region,
            "session_token": token,
            "expires_in": seconds,
            "python": of_python(region, token, seconds),
            "javascript": of_javascript(sys.argv[1], region, token, seconds),
        }
        for region, token, seconds in CASES
    ]
    made = {"access_key_id": KEY[0], "secret_access_key": KEY[1], "now": 1735787045, "cases": cases}
    print(json.dumps(made, indent=1, ensure_ascii=False))


main()

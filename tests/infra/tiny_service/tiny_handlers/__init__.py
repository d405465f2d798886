"""Handlers that show what they were given."""

import json
import os
import time
from pathlib import Path


def echo(event, context):
    """Answer with the event, the process and the time left."""
    if event["rawPath"] == "/things/slow":
        time.sleep(0.3)
    body = {
        "event": event,
        "pid": os.getpid(),
        "environment": dict(os.environ),  # noqa: TID251 - the test asks what a worker can see
        "left_ms": context.get_remaining_time_in_millis(),
    }
    headers = {"content-type": "application/json", "x-tiny": "1"}
    return {"statusCode": 201, "headers": headers, "cookies": ["a=1", "b=2"], "body": json.dumps(body)}


def private(event, context):
    """Refuse on demand; note scheduled calls in a file."""
    if event.get("fail"):
        raise ValueError("refused on demand")
    note = os.getenv("NOTE_FILE")
    if note and event.get("source") == "aws.events":
        with Path(note).open("a") as file:
            file.write(event["time"] + "\n")
    return {"given": event, "request_id": context.aws_request_id}

"""A handler that fails in the way its path asks for."""

import os
import time


def handler(event, context):
    """Crash, hang, raise or answer nonsense."""
    kind = event["pathParameters"]["kind"]
    if kind == "exit":
        os._exit(3)
    if kind == "hang":
        time.sleep(30)
    if kind == "raise":
        raise RuntimeError("a secret reason")
    if kind == "nonsense":
        return {"statusCode": "many", "body": 7}
    return {"statusCode": 200, "body": str(os.getpid())}

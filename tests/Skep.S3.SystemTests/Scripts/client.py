"""What the scripts share: clients of the daemon under test."""
import os
import subprocess
import time

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["SKEP_S3"]


def s3(**more):
    return boto3.client("s3", endpoint_url=ENDPOINT, config=Config(signature_version="s3v4", retries={"max_attempts": 1}), **more)


def anonymous():
    return boto3.client("s3", endpoint_url=ENDPOINT, config=Config(signature_version=UNSIGNED))


def fails(code, call, **arguments):
    """Expects an error of that code and returns the HTTP status."""
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]["Code"]
        assert found == code, f"expected {code}, got {found}: {error}"
        return error.response["ResponseMetadata"]["HTTPStatusCode"]
    raise AssertionError(f"expected {code}, but it succeeded")


def until(condition, seconds=120):
    """Waits until a condition holds and returns what it returned."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"not so within {seconds} s: {condition}"
        time.sleep(0.1)
    return found


def skep(*arguments):
    """Runs a verb of the program on the daemon under test."""
    run = subprocess.run([os.environ["SKEP"], *arguments], capture_output=True, text=True)
    assert run.returncode == 0, f"skep {arguments}: {run.stderr}"
    return run.stdout

"""The emulator at the address in `EMULATOR`, by boto3 and by its own requests."""

import json
import os
import urllib.request
import uuid

import boto3
from botocore.config import Config

URL = os.environ["EMULATOR"]


def client(region="us-east-1", service="chime-sdk-meetings", validate=True, **config):
    """A client that asks once, unless told otherwise."""
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=URL,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
        config=Config(
            parameter_validation=validate,
            **{"retries": {"total_max_attempts": 1}, "read_timeout": 10, **config},
        ),
    )


def control(method, path, body=None):
    """A request below `/_emulator/`."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{URL}/_emulator/{path}", data, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def token():
    """A token that made no meeting yet."""
    return uuid.uuid4().hex


def create(chime, **members):
    """Makes a meeting."""
    members = {
        "ClientRequestToken": token(),
        "MediaRegion": "eu-central-1",
        "ExternalMeetingId": "room",
        **members,
    }
    return chime.create_meeting(**members)["Meeting"]

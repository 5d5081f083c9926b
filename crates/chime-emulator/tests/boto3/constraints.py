"""Holds the emulator against botocore's model: each member of each request, good and bad by each of its constraints.

What is expected comes from the model alone; what the emulator knows of it was written down separately.
"""

import copy
import re
import sys

from botocore.exceptions import ClientError

from emulator import client, create, token

# `parameter_validation` off: the emulator is to refuse, not the client.
chime = client(validate=False)
model = chime.meta.service_model

OPERATIONS = [
    "BatchCreateAttendee",
    "CreateAttendee",
    "CreateMeeting",
    "CreateMeetingWithAttendees",
    "DeleteAttendee",
    "DeleteMeeting",
    "GetAttendee",
    "GetMeeting",
    "ListAttendees",
    "ListTagsForResource",
    "TagResource",
    "UntagResource",
]

# What the model has in the descriptions of shapes, and not as constraints.
EXTERNAL_ID = r"""[-_&@+=,(){}\[\]\/«».:|'"#a-zA-Z0-9À-ÿ\s]*"""
DESCRIBED = {"ExternalMeetingId": EXTERNAL_ID, "ExternalUserId": EXTERNAL_ID}
# Texts that need their own beginning to be anything else than refused.
BEGINNINGS = {"AmazonResourceName": "arn:", "Arn": "arn"}
# Texts that only mean something when they came from an answer, or are one of some values in a description.
OPAQUE = {"NextToken", "MediaRegion"}
# All of ASCII, and what lies at the ends of ranges beyond.
LETTERS = [chr(code) for code in range(0x20, 0x7F)] + list(
    "\t\n\x0b\x0c\r\x1f\x7f\x85\xa0\xaa\xab\xac\xba\xbb\xbc\xbf\xc0\xd7\xf7\xff\u0100\u2028\u65e5\U0001f600"
)

meeting = create(chime)
attendee = chime.create_attendee(MeetingId=meeting["MeetingId"], ExternalUserId="user")["Attendee"]
counts = {"good": 0, "bad": 0}
wrong = []


def sample(shape, name=None):
    """A good value of a shape."""
    if name == "ClientRequestToken":
        return token()
    if name == "MediaRegion":
        return "us-east-1"
    if name == "MeetingId":
        return meeting["MeetingId"]
    if name == "AttendeeId":
        return attendee["AttendeeId"]
    if name == "ResourceARN":
        return meeting["MeetingArn"]
    if name == "MeetingFeatures":
        # High resolutions are for few; the model says so in a description.
        return {"Attendee": {"MaxCount": 2}}
    if shape.type_name == "structure":
        names = shape.required_members
        return {name: sample(shape.members[name], name) for name in names}
    if shape.type_name == "list":
        least = max(1, shape.metadata.get("min", 0))
        return [sample(shape.member) for _ in range(least)]
    if shape.type_name == "integer":
        return shape.metadata["min"]
    if shape.enum:
        return shape.enum[0]
    least = max(1, shape.metadata.get("min", 0))
    beginning = BEGINNINGS.get(shape.name, "")
    return beginning + "ab"[: max(least, 2)]


def matches(shape, text):
    pattern = DESCRIBED.get(shape.name) or shape.metadata.get("pattern")
    return pattern is None or re.fullmatch(pattern, text, re.ASCII) is not None


def texts(shape, name):
    """Texts, each with whether it is good."""
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max")
    beginning = BEGINNINGS.get(shape.name, "")
    if shape.enum:
        return [(word, True) for word in shape.enum] + [("", False), ("other", False)]
    found = []
    if shape.name == "GuidString":
        good = meeting["MeetingId"]
        changed = [good[:-1], good + "0", good.replace("-", ""), "g" + good[1:], good.upper()]
        return [(text, matches(shape, text)) for text in changed]
    if name in OPAQUE:
        return [("x" * ((most or 64) + 1), False)]
    for length in {least - 1, least, most, (most or 0) + 1} - {None, -1}:
        if length > 1024:
            continue
        # No letter four times in a row, which tenants must not have.
        text = (beginning + "abc" * length)[:length]
        found.append((text, least <= length <= (most or length) and matches(shape, text)))
    middle = max(least, 2)
    for letter in LETTERS:
        text = (beginning + "a" * middle)[:middle] + letter
        found.append((text, matches(shape, text)))
    found += [(text, matches(shape, text)) for text in ["aaab", "aaaab", "baaaa"]]
    return found


def lists(shape):
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max")
    for length in {least - 1, least, most, most + 1} - {-1}:
        items = [sample(shape.member) for _ in range(length)]
        for number, item in enumerate(items):
            # No key twice, no user twice.
            if isinstance(item, dict):
                for name in set(item) & {"Key", "ExternalUserId"}:
                    item[name] = f"k{number}" if name == "Key" else f"user-{number}"
        yield items, least <= length <= most


def variants(shape, name=None):
    """Values of a shape, each with whether it is good."""
    if shape.type_name == "structure":
        for member, inner in shape.members.items():
            whole = sample(shape, name)
            if member in shape.required_members:
                missing = {key: value for key, value in whole.items() if key != member}
                yield missing, False
            for value, good in variants(inner, member):
                yield {**copy.deepcopy(whole), member: value}, good
    elif shape.type_name == "list":
        yield from lists(shape)
        for value, good in variants(shape.member):
            yield [value], good
    elif shape.type_name == "integer":
        least, most = shape.metadata["min"], shape.metadata["max"]
        for number in [least - 1, least, most, most + 1]:
            yield number, least <= number <= most
    else:
        yield from texts(shape, name)


def asked(operation, members):
    """Makes a call: the code of the refusal, or nothing."""
    method = re.sub("(?<!^)(?=[A-Z])", "_", operation).lower()
    try:
        getattr(chime, method)(**members)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


for operation in OPERATIONS:
    shape = model.operation_model(operation).input_shape
    for member, inner in shape.members.items():
        in_uri = inner.serialization.get("location") in ("uri", "querystring")
        # Where there is no token botocore makes one.
        is_made = "idempotencyToken" in inner.metadata
        if member in shape.required_members and not in_uri and not is_made:
            members = sample(shape)
            del members[member]
            code = asked(operation, members)
            counts["bad"] += 1
            if code != "BadRequestException":
                wrong.append(f"{operation} without {member}: {code}")
        for value, good in variants(inner, member):
            # In a path or query everything is a text, and nothing is an empty one.
            if in_uri and not isinstance(value, (str, int)):
                continue
            if in_uri and value == "":
                continue
            members = {**sample(shape), member: value}
            code = asked(operation, members)
            refused = code == "BadRequestException"
            counts["good" if good else "bad"] += 1
            if refused == good:
                wrong.append(f"{operation} {member} = {value!r:.80}: {code or 'done'}")

print(f"{counts['good']} good and {counts['bad']} bad requests, {len(wrong)} judged otherwise")
print("\n".join(wrong[:60]))
if wrong or counts["good"] < 1000 or counts["bad"] < 1000:
    sys.exit(1)

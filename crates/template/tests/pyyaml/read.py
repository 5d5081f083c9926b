"""Reads texts, a JSON string a line, as CloudFormation's tools do: by PyYAML, with the short forms of functions.

Answers with a line each: {"value": ...} or {"error": "why it is refused"}.
"""

import json
import sys

import yaml

SHORT_FORMS = set(
    "And Base64 Cidr Contains EachMemberEquals EachMemberIn Equals FindInMap ForEach GetAZs GetAtt GetStackOutput If"
    " ImportValue Join Length Not Or RefAll Select Split Sub ToJsonString Transform ValueOf ValueOfAll".split()
)
PREFIX = "tag:yaml.org,2002:"


class Loader(yaml.SafeLoader):
    """Dates stay text, keys are what is written."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != PREFIX + "timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def refuse(message, node):
    raise yaml.constructor.ConstructorError(None, None, message, node.start_mark)


def attribute(name, value):
    """An attribute may be written with a dot."""
    if name == "Fn::GetAtt" and isinstance(value, str) and "." in value:
        return value.split(".", 1)
    return value


def mapping(loader, node):
    members, merged = {}, []
    for key, value in node.value:
        if key.tag == PREFIX + "merge":
            merged.append(value)
            continue
        if not isinstance(key, yaml.ScalarNode) or key.tag == PREFIX + "null":
            refuse("a key is a text", key)
        if key.value in members:
            refuse("a key stands twice", key)
        members[key.value] = attribute(key.value, loader.construct_object(value, deep=True))
    for node in merged:
        value = loader.construct_object(node, deep=True)
        for source in value if isinstance(value, list) else [value]:
            if not isinstance(source, dict):
                refuse("only mappings are merged", node)
            for key, member in source.items():
                members.setdefault(key, member)
    return members


def short_form(loader, suffix, node):
    if suffix not in SHORT_FORMS | {"Ref", "Condition"}:
        refuse(f"no tag {suffix}", node)
    name = suffix if suffix in ("Ref", "Condition") else "Fn::" + suffix
    if isinstance(node, yaml.ScalarNode):
        value = node.value
    elif isinstance(node, yaml.SequenceNode):
        value = [loader.construct_object(item, deep=True) for item in node.value]
    else:
        value = mapping(loader, node)
    return {name: attribute(name, value)}


Loader.add_constructor(PREFIX + "map", mapping)
Loader.add_multi_constructor("!", short_form)

for line in sys.stdin:
    try:
        answer = json.dumps({"value": yaml.load(json.loads(line), Loader)}, allow_nan=False)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, OverflowError) as error:
        answer = json.dumps({"error": str(error)})
    print(answer, flush=True)

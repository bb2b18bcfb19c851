"""Checks YAML files against the JSON Schema of `dcsim schema --json`.

schema_check.py SCHEMA.json scenario|workload|file FILE...    each file, or it as the scenario's workload
schema_check.py SCHEMA.json self                         forms that must, and must not, be accepted
"""

import json
import re
import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """Scalars as YAML 1.2 and the program take them: dates, 'on' and 1_000 are texts."""


Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("null", r"~|null|", ["~", "n", ""]),
    ("bool", r"true|false", list("tf")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", r"[-+]?[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?|[-+]?[0-9]+\.", list("-+.0123456789")),
):
    Loader.add_implicit_resolver(
        "tag:yaml.org,2002:" + tag, re.compile("^(?:" + pattern + ")$"), first
    )


def number(loader, node):
    return float(node.value)


def whole(loader, node):
    return int(node.value, 10)


Loader.add_constructor("tag:yaml.org,2002:float", number)
Loader.add_constructor("tag:yaml.org,2002:int", whole)

GOOD = (
    "include: [ring64.yaml]",
    "include: ring64.yaml\nname: null",
    "run: {epochs: null, duration: 48 h}",
    "run: {start: 2024-07-15, iterations: 1e3, seed: 1_000}",
    "record: null\nstorage: null\nworkload: null\nracks: null",
    "node: {accelerator: {base: a100-sxm4-80gb, memory: {size: 40 GB}}, host: ./my-host.yaml}",
    "nodes: [{accelerators: {type: tpu-v4, count: 4}, host: tpu-host}]",
    "workload: resnet50.yaml",
    "workload: {batch: {global: 4096, per_accelerator: null}, data: {workers: 4}}",
    "jobs: [{name: train, workload: resnet50.yaml}]",
    "sites: [{node: {accelerator: tpu-v4, accelerators: 4, host: tpu-host}}]",
    "fabric: {dimensions: [{topology: torus, size: [8, 8], bandwidth: 50 GB/s, latency: 0}]}",
    "fabric: {dimensions: [{topology: ring, size: 8, bandwidth: 50 GB/s, latency: 500 ns}]}",
)
BAD = (
    "nam: x",
    "fabrc: {}",
    "run: {epoch: 1}",
    "run: {duration: 48}",
    "node: {accelerater: tpu-v4}",
    "workload: {batch: {per_acelerator: 1}}",
    "workload: {batch: {global: 0}}",
    "fabric: {dimensions: [{topology: ring, sise: 8}]}",
    "fabric: {dimensions: [{topology: rings, size: 8}]}",
    "sites: [{fabrics: {}}]",
    "storage: []",
    "scheduler: {}",
)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    failed = 0

    def refusal(tree):
        error = jsonschema.exceptions.best_match(validator.iter_errors(tree))
        return error and "/".join(map(str, error.absolute_path)) + ": " + error.message[:300]

    if sys.argv[2] == "self":
        for text in GOOD:
            why = refusal(yaml.load(text, Loader))
            if why:
                print(f"FAIL refused:\n{text}\n{why}")
                failed += 1
        for text in BAD:
            if not refusal(yaml.load(text, Loader)):
                print(f"FAIL accepted:\n{text}")
                failed += 1
        print(f"{len(GOOD)} good and {len(BAD)} bad forms, {failed} failed")
    for path in sys.argv[3:]:
        with open(path, encoding="utf-8") as file:
            tree = yaml.load(file, Loader)
        why = refusal({"workload": tree} if sys.argv[2] == "workload" else tree)
        if why:
            print(f"FAIL {path}: {why}")
            failed += 1
        else:
            print(f"ok {path}")
    return failed > 0


sys.exit(main())

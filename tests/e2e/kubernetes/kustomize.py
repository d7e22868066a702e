"""As much of `kubectl kustomize` as launch/kubernetes uses; where kubectl is there, the test compares with it."""
import copy
import json
import pathlib

import yaml

KNOWN = {"apiVersion", "kind", "resources", "configMapGenerator", "generatorOptions", "namespace", "images", "patches"}


def build(folder):
    folder = pathlib.Path(folder)
    plan = yaml.safe_load((folder / "kustomization.yaml").read_text())
    if unknown := set(plan) - KNOWN:
        raise ValueError(f"{folder}: this check does not know {unknown}")
    documents = []
    for entry in plan.get("resources", []):
        path = folder / entry
        # Aliases in a file become copies: a patch changes one place.
        documents += build(path) if path.is_dir() else json.loads(json.dumps(list(yaml.safe_load_all(path.read_text()))))
    for generator in plan.get("configMapGenerator", []):
        add_config_map(documents, folder, generator)
    for patch in plan.get("patches", []):
        apply_patch(documents, patch)
    for image in plan.get("images", []):
        rename_image(documents, image)
    if "namespace" in plan:
        for document in documents:
            document["metadata"]["namespace"] = plan["namespace"]
    return documents


def add_config_map(documents, folder, generator):
    data = {pathlib.Path(name).name: (folder / name).read_text() for name in generator["files"]}
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": generator["name"]}, "data": data}
    same = [d for d in documents if d["kind"] == "ConfigMap" and d["metadata"]["name"] == generator["name"]]
    if bool(same) != (generator.get("behavior") == "replace"):
        raise ValueError(f"{folder}: ConfigMap {generator['name']} exists already, or there is none to replace")
    for old in same:
        documents.remove(old)
    documents.append(made)


def apply_patch(documents, patch):
    target = patch["target"]
    hit = [d for d in documents if d["kind"] == target["kind"] and target.get("name", d["metadata"]["name"]) == d["metadata"]["name"]]
    if not hit:
        raise ValueError(f"patch for {target} hits nothing")
    for document in hit:
        for change in yaml.safe_load(patch["patch"]):
            if change["op"] != "replace":
                raise ValueError(f"this check does not know op {change['op']}")
            *way, last = [int(k) if k.isdigit() else k.replace("~1", "/") for k in change["path"].strip("/").split("/")]
            place = document
            for key in way:
                place = place[key]
            place[last]  # replacing what is not there is a mistake
            place[last] = copy.deepcopy(change["value"])


def rename_image(node, image):
    if isinstance(node, list):
        for item in node:
            rename_image(item, image)
    elif isinstance(node, dict):
        if isinstance(node.get("image"), str) and node["image"].split(":")[0] == image["name"]:
            node["image"] = f"{image.get('newName', image['name'])}:{image.get('newTag', node['image'].split(':')[1])}"
        for value in node.values():
            rename_image(value, image)

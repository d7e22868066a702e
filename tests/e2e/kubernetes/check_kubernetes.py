#!/usr/bin/env python3
"""launch/kubernetes without a cluster: every kustomization, built, is valid by Kubernetes' published schemas (and those of MPIJob and
PodMonitor), keeps the restricted pod security standard, and fits together; planted mistakes are caught."""
import copy
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import jsonschema
import kubernetes_validate
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(ROOT / "launch"), str(ROOT / "launch/mpirun")]
import command_line  # noqa: E402
from custom import SCHEMAS, pod_templates  # noqa: E402
from exit_codes import NEVER_AGAIN  # noqa: E402
from flagfiles import flag_value  # noqa: E402
from kustomize import build  # noqa: E402

FOLDER = ROOT / "launch/kubernetes"
VERSION = "1.31"
CAN_START = sorted(p.parent for p in FOLDER.rglob("kustomization.yaml") if p.parent.name not in ("base", "pod-monitor"))


def schema_problems(document):
    schema = SCHEMAS.get((document["apiVersion"], document["kind"]))
    try:
        if schema:
            jsonschema.Draft202012Validator(schema).validate(document)
        else:
            kubernetes_validate.validate(document, VERSION, strict=True)
        for place, template in pod_templates(document):
            kubernetes_validate.validate({"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "x"}, "template": template}, VERSION, strict=True)
    except (jsonschema.ValidationError, kubernetes_validate.ValidationError) as error:
        yield f"{document['kind']}: {'/'.join(map(str, error.path))}: {error.message[:200]}"


def security_problems(place, spec):
    pod = spec.get("securityContext", {})
    wanted = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    yield from (f"{place}: pod's {key} is {pod.get(key)}" for key, value in wanted.items() if pod.get(key) != value)
    if spec.get("automountServiceAccountToken") is not False:
        yield f"{place}: mounts a service account's token"
    if not 120 <= spec.get("terminationGracePeriodSeconds", 30) <= 600:
        yield f"{place}: grace period does not hold a step and a checkpoint"
    for container in spec["containers"]:
        own = container.get("securityContext", {})
        if own.get("allowPrivilegeEscalation") is not False or own.get("readOnlyRootFilesystem") is not True or own.get("capabilities", {}).get("drop") != ["ALL"]:
            yield f"{place}: container {container['name']} may do more than it must"
        resources = container.get("resources", {})
        if not {"cpu", "memory"} <= set(resources.get("requests", {})) or "memory" not in resources.get("limits", {}):
            yield f"{place}: container {container['name']} lacks requests or a memory limit"
        if container["image"].endswith(":latest") or ":" not in container["image"]:
            yield f"{place}: image {container['image']} is not pinned"


def volume_problems(place, spec, names):
    volumes = {v["name"]: v for v in spec.get("volumes", [])}
    for container in spec["containers"]:
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in volumes:
                yield f"{place}: mounts volume {mount['name']}, which is not there"
        if any("metrics" in p["name"] for p in container.get("ports", [])):
            if "preStop" not in container.get("lifecycle", {}) and not container["command"][0].endswith("/launch/pipeline"):  # which hears SIGTERM
                yield f"{place}: ranks hear nothing of the pod's end (preStop)"
            if volumes.get("shm", {}).get("emptyDir", {}).get("medium") != "Memory":
                yield f"{place}: /dev/shm is the default's 64 MiB"
    for volume in volumes.values():
        for kind, key, field in (("PersistentVolumeClaim", "persistentVolumeClaim", "claimName"), ("ConfigMap", "configMap", "name")):
            if key in volume and (kind, volume[key][field]) not in names:
                yield f"{place}: {kind} {volume[key][field]} is not part of it"
    if (("ServiceAccount", spec.get("serviceAccountName"))) not in names:
        yield f"{place}: service account {spec.get('serviceAccountName')} is not part of it"


def world_problems(document, templates, flags):
    """Ranks, slots, GPUs, ports and --expect_world_size say the same."""
    spec = document["spec"]
    rank_pod = templates[-1][1]["spec"]["containers"][0]
    if document["kind"] == "MPIJob":
        slots, pods = spec["slotsPerWorker"], spec["mpiReplicaSpecs"]["Worker"]["replicas"]
        arguments = templates[0][1]["spec"]["containers"][0]["args"]
        if spec["runPolicy"]["backoffLimit"] > 3:
            yield f"a mistake in flags is tried {1 + spec['runPolicy']['backoffLimit']} times, with all workers held"
        if f"--expect_world_size={slots * pods}" not in arguments:
            yield f"--expect_world_size is not {slots} x {pods}"
        if arguments[1:3] != ["--hostfile", "/etc/mpi/hostfile"]:
            yield "the hostfile is not named: Open MPI 5 would run on the launcher alone"
    else:
        given = {e["name"]: e["value"] for e in rank_pod["env"]}
        slots, pods = int(given["HELIO_SLOTS"]), int(given["HELIO_PODS"])
        if (spec["completions"], spec["parallelism"]) != (pods, pods):
            yield "completions, parallelism and HELIO_PODS differ"
        never = spec["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"]
        if never != [*NEVER_AGAIN]:
            yield f"exit codes {never} end the job, launch/exit_codes.py has {[*NEVER_AGAIN]}"
    metrics = [p for p in rank_pod["ports"] if p["name"].startswith("metrics-")]
    if [(p["name"], p["containerPort"]) for p in metrics] != [(f"metrics-{i}", 9500 + i) for i in range(slots)]:
        yield f"{len(metrics)} metrics ports for {slots} ranks of a pod"
    yield from launch_problems(document, templates, flags, slots * pods)
    if rank_pod["resources"]["limits"].get("nvidia.com/gpu", slots) != slots:
        yield "GPUs and ranks of a pod differ"


def command_of(document, templates, flagfile):
    """What launch/mpirun/run is given, with the flags of the ConfigMap in a file of ours; and the container that runs it."""
    container = templates[0][1]["spec"]["containers"][0]
    arguments = container["args"] if document["kind"] == "MPIJob" else ["--", *container["args"]]  # as launch/docker/indexed-job does
    return [a.replace("/etc/heliograph/run.flags", flagfile) for a in arguments], container


def launch_problems(document, templates, flags, ranks):
    """The launcher understands its arguments, may write where the run goes, and the batch has an image for every rank."""
    with tempfile.NamedTemporaryFile("w", suffix=".flags") as file:
        file.write(flags.replace("/opt/heliograph/", f"{ROOT}/"))
        file.flush()
        arguments, container = command_of(document, templates, file.name)
        try:
            options, command = command_line.parse(arguments)
        except SystemExit:
            yield f"launch/mpirun/run does not understand {arguments}"
            return
        batch = flag_value(command, "batch")
    writable = [m["mountPath"] for m in container["volumeMounts"] if not m.get("readOnly")]
    if not any(options.run.is_relative_to(place) for place in writable):
        yield f"{options.run} is on no volume that {container['name']} may write to"
    if batch is None or int(str(batch)) < ranks:
        yield f"--batch={batch} for {ranks} ranks"


def problems(documents):
    flags = next(d["data"]["run.flags"] for d in documents if d["kind"] == "ConfigMap")
    names = {(d["kind"], d["metadata"]["name"]) for d in documents}
    for document in documents:
        found = list(schema_problems(document))
        yield from found
        templates = list(pod_templates(document))
        if found or not templates:
            continue
        for place, template in templates:
            if template["metadata"]["labels"].get("app.kubernetes.io/name") != "heliograph":
                yield f"{place}: neither policy nor monitor selects its pods"
            yield from security_problems(place, template["spec"])
            yield from volume_problems(place, template["spec"], names)
        if document["kind"] == "MPIJob" or document["spec"].get("completionMode") == "Indexed":  # a training
            yield from world_problems(document, templates, flags)
    if "PodMonitor" in (d["kind"] for d in documents):
        yield "cannot be applied without the Prometheus operator"


def without(tree, *way):
    del reach(tree, way[:-1])[way[-1]]


def put(tree, value, *way):
    reach(tree, way[:-1])[way[-1]] = value


def reach(tree, way):
    for key in way:
        tree = tree[key]
    return tree


WORKER = ("spec", "mpiReplicaSpecs", "Worker")
CONTAINER = (*WORKER, "template", "spec", "containers", 0)
PLANTED = {
    "an unknown field of MPIJob": lambda d: put(d["MPIJob"], 1, "spec", "slotsPerWorkers"),
    "a wrong type in MPIJob": lambda d: put(d["MPIJob"], "two", *WORKER, "replicas"),
    "a restart policy that the operator refuses": lambda d: put(d["MPIJob"], "ExitCode", *WORKER, "restartPolicy"),
    "a misspelt field of a container": lambda d: put(d["MPIJob"], {}, *CONTAINER, "resource"),
    "a port without a number": lambda d: without(d["MPIJob"], *CONTAINER, "ports", 0, "containerPort"),
    "a container with capabilities": lambda d: without(d["MPIJob"], *CONTAINER, "securityContext", "capabilities"),
    "root": lambda d: put(d["MPIJob"], False, *WORKER, "template", "spec", "securityContext", "runAsNonRoot"),
    "a writable root": lambda d: put(d["MPIJob"], False, *CONTAINER, "securityContext", "readOnlyRootFilesystem"),
    "a mistake tried for half an hour": lambda d: put(d["MPIJob"], 10, "spec", "runPolicy", "backoffLimit"),
    "one worker less than expected": lambda d: put(d["MPIJob"], 1, *WORKER, "replicas"),
    "a launcher that cannot write the run": lambda d: without(d["MPIJob"], "spec", "mpiReplicaSpecs", "Launcher", "template", "spec", "containers", 0, "volumeMounts", 0),
    "no folder for the run": lambda d: put(d["ConfigMap"], "--flagfile=configs/cub/mirrorgan.flags", "data", "run.flags"),
    "a batch smaller than the world": lambda d: put(d["ConfigMap"], "--batch=1\n--out=/runs/x", "data", "run.flags"),
    "no preStop": lambda d: without(d["MPIJob"], *CONTAINER, "lifecycle"),
    "a claim that is not there": lambda d: put(d["PersistentVolumeClaim"], "other", "metadata", "name"),
    "a network policy with a wrong field": lambda d: put(d["NetworkPolicy"], [], "spec", "ingres"),
}


def check_planted():
    good = build(FOLDER / "mpijob")
    missed = []
    for name, plant in PLANTED.items():
        documents = copy.deepcopy(good)
        plant({d["kind"]: d for d in reversed(documents)})
        if not list(problems(documents)):
            missed.append(name)
    return missed


def normal(documents):
    return sorted((yaml.safe_dump(d, sort_keys=True) for d in documents))


def check_kubectl(folder):
    """Our reading of kustomize against the real one."""
    if not shutil.which("kubectl"):
        return []
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True)
    if done.returncode:
        return [done.stderr]
    return [] if normal(yaml.safe_load_all(done.stdout)) == normal(build(folder)) else ["kubectl kustomize gives something else"]


def rules_of_monitor(documents):
    """A PodMonitor's rules as Prometheus writes them."""
    rules = documents[0]["spec"]["podMetricsEndpoints"][0]["relabelings"]
    return [{re.sub("([A-Z])", r"_\1", k).lower(): v for k, v in rule.items()} for rule in rules]


def rules_without_operator():
    return yaml.safe_load((ROOT / "launch/monitoring/prometheus-kubernetes.yml").read_text())["scrape_configs"][0]["relabel_configs"]


def relabelled(labels, rules):
    """The labels of a target after `rules`; which targets are kept is not looked at."""
    for rule in rules:
        action = rule.get("action", "replace")
        source = rule.get("separator", ";").join(labels.get(label, "") for label in rule.get("source_labels", []))
        if action == "labeldrop":
            labels = {name: value for name, value in labels.items() if not re.fullmatch(rule["regex"], name)}
        elif action == "replace" and (match := re.fullmatch(rule.get("regex", "(.*)"), source)):
            labels = labels | {rule["target_label"]: match.expand(re.sub(r"\$(\d)", r"\\\1", rule.get("replacement", "$1")))}
    return labels


def check_relabeling(rules, **added):
    """Rules that find pods, as Prometheus' own, by promtool and on examples. Of the labels that were `added` before them none is left: rank, node and
    instance alone may tell a run's ranks apart."""
    config = {"scrape_configs": [{"job_name": "x", "static_configs": [{"targets": ["a:1"]}], "relabel_configs": rules}]}
    if shutil.which("promtool"):
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            yaml.safe_dump(config, file)
            file.flush()
            done = subprocess.run(["promtool", "check", "config", file.name], capture_output=True, text=True)
            if done.returncode:
                return [done.stderr]
    ranks = {}
    for index, port in (("0", "metrics-0"), ("0", "metrics-3"), ("2", "metrics-3"), ("10", "metrics-0")):
        labels = {"__meta_kubernetes_pod_label_training_kubeflow_org_replica_index": index, "__meta_kubernetes_pod_container_port_name": port}
        after = {name: value for name, value in relabelled(labels | added, rules).items() if not name.startswith("__")}
        ranks[index + port] = after.pop("rank", None)
        if set(after) - {"run", "node", "namespace"}:
            return [f"labels that tell the ranks of a run apart: {after}"]
    wanted = {"0metrics-0": "0", "0metrics-3": "3", "2metrics-3": "2.3", "10metrics-0": "10.0"}
    return [] if ranks == wanted else [f"ranks by relabeling: {ranks}"]


def check_trial():
    """What trial-data packs is what trial-cpu reads, by a pod that may write there; the second does not ask for another claim than the first."""
    first, second = build(FOLDER / "overlays/trial-data"), build(FOLDER / "overlays/trial-cpu")
    pod = next(d for d in first if d["kind"] == "Job")["spec"]["template"]["spec"]
    place = re.search(r"--data=(\S+)", next(d for d in second if d["kind"] == "ConfigMap")["data"]["run.flags"])[1]
    if f"--out={place} " not in pod["containers"][0]["args"][0] + " ":
        yield f"nothing fills {place}"
    writable = [m["mountPath"] for m in pod["containers"][0]["volumeMounts"] if not m.get("readOnly")]
    if not any(pathlib.Path(place).is_relative_to(mount) for mount in writable):
        yield f"{place} is on no volume that may be written"
    claims = [[d for d in documents if d["kind"] == "PersistentVolumeClaim"] for documents in (first, second)]
    if claims[0] != claims[1]:
        yield "their claims differ"


def check_monitor():
    folder = FOLDER / "pod-monitor"
    documents = build(folder)
    planted = copy.deepcopy(documents)
    put(planted[0], "replaces", "spec", "podMetricsEndpoints", 0, "relabelings", 0, "action")
    if not list(schema_problems(planted[0])):
        yield "planted mistake not caught: an action of a relabeling that is none"
    yield from (p for d in documents for p in schema_problems(d))
    yield from check_kubectl(folder)
    # The operator adds these three.
    yield from check_relabeling(rules_of_monitor(documents), pod="heliograph-0", container="rank", endpoint="metrics-0")


def main():
    failures = [f"planted mistake not caught: {name}" for name in check_planted()]
    failures += [f"pod-monitor: {p}" for p in check_monitor()] + [f"trial-data, trial-cpu: {p}" for p in check_trial()]
    for folder in CAN_START:
        documents = build(folder)
        found = [*problems(documents), *check_kubectl(folder)]
        print(f"{folder.relative_to(ROOT)}: {len(documents)} documents, {len(found)} problems")
        failures += [f"{folder.name}: {p}" for p in found]
    failures += [f"prometheus-kubernetes.yml: {p}" for p in check_relabeling(rules_without_operator())]
    print(*failures, f"{len(PLANTED)} planted mistakes, {len(failures)} failures", sep="\n")
    return 1 if failures or len(CAN_START) < 6 else 0


if __name__ == "__main__":
    sys.exit(main())

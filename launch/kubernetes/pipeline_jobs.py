"""The stages of a pipeline file as Kubernetes' Jobs, one each, in the JSON that kubectl reads: launch/pipeline FILE --kubernetes.

Kubernetes knows no Job that waits for another, and a pod that waited inside would hold the GPUs that the stage before it needs. So a pod whose
stage cannot begin yet leaves again with NOT_YET, which its Job does not count as a failure: Kubernetes tries again after 10 s, 20 s, ... 6 min."""
import argparse
import collections
import hashlib
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from exit_codes import NEVER_AGAIN  # noqa: E402
from mistake import Mistake  # noqa: E402

IMAGE_ROOT = "/opt/heliograph"
WRITABLE, READABLE = "/runs", "/data"
PIPELINE = "run.pipeline"  # in the pods: a ConfigMap's keys are no file names, "my birds.pipeline" is none
NOT_YET = 76
FIRST_PORT = 9500
TRAININGS = f"--metrics_port={FIRST_PORT} --metrics_bind=0.0.0.0 --log_format=json"


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Mistake(f"--kubernetes: {message}")


def matching(form):
    """What argparse calls: the text, if it has that form."""
    def check(text):
        if not re.fullmatch(form, text):
            raise argparse.ArgumentTypeError(f"'{text}' is none (of the form {form})")
        return text
    return check


def options(arguments):
    parser = Parser(prog="launch/pipeline FILE --kubernetes")
    parser.add_argument("--image", type=matching(r"\S+"), default="heliograph:0.1.0", help="the image with the programs [%(default)s]")
    parser.add_argument("--namespace", type=matching(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"), default="heliograph", help="[%(default)s]")
    parser.add_argument("--gpus", action="store_true", help="a GPU for each rank")
    parser.add_argument("--cpus", type=lambda text: int(matching(r"[1-9]\d*")(text)), default=2, help="processors for each rank [%(default)s]")
    parser.add_argument("--memory", type=lambda text: int(matching(r"[1-9]\d*")(text)), default=8, help="GiB for each rank [%(default)s]")
    return parser.parse_args(arguments)


def name_of(*words):
    """As Kubernetes wants names, long ones with a digest at their end; a pod's hostname is this and two characters more."""
    name = re.sub("[^a-z0-9]+", "-", "-".join(["helio", *words]).lower()).strip("-")
    return name if len(name) <= 61 else f"{name[:52]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def mistake(pipeline):
    """What keeps this pipeline from running in pods, in words; None if nothing does."""
    if not str(pipeline.out).startswith(f"{WRITABLE}/") or ".." in pipeline.out.parts:
        return f"out={pipeline.out}: pods write to the volume at {WRITABLE} only: give out={WRITABLE}/NAME, and your own data as {READABLE}/..."
    if not re.search("[a-z0-9]", pipeline.out.name.lower()):
        return f"out={pipeline.out}: the Jobs are called after its last part, of which Kubernetes takes the letters a to z and digits: it has none"
    named = collections.defaultdict(list)
    for stage in pipeline.stages:
        named[name_of(pipeline.out.name, stage.name)].append(stage.name)
    for name, stages in named.items():
        if len(stages) > 1:
            return f"stages {' and '.join(stages)} would both be the Job {name} (Kubernetes knows small letters, digits and - alone): rename one"
    for stage in pipeline.stages:
        for line in stage.section.lines:
            flagfile = line.removeprefix("--flagfile=")
            if flagfile != line and not flagfile.startswith(("configs/", f"{WRITABLE}/", f"{READABLE}/")):
                return f"[{stage.name}] {line}: is not in the image: put it on a volume ({READABLE}/...), or its flags into the pipeline file"
    return None


def resources(stage, ranks, given):
    if not stage.kind.parallel:
        return {"requests": {"cpu": "1", "memory": "4Gi"}, "limits": {"memory": "4Gi"}}
    memory = f"{given.memory * ranks}Gi"
    gpus = {"nvidia.com/gpu": ranks} if given.gpus else {}
    return {"requests": {"cpu": str(given.cpus * ranks), "memory": memory, **gpus}, "limits": {"memory": memory, **gpus}}


def container(stage, settings, given):
    ranks = int(settings["ranks"])
    changes = [f"{name}={value}" for name, value in settings.items() if name not in ("bin", "trainings")]
    trainings = f"{settings['trainings']} {TRAININGS}".strip()
    watched = [{"name": f"metrics-{rank}", "containerPort": FIRST_PORT + rank} for rank in range(ranks)] if stage.kind.trains else []
    mounts = [("data", READABLE, True), ("runs", WRITABLE, False), ("pipeline", "/etc/heliograph", True), ("tmp", "/tmp", False), ("shm", "/dev/shm", False)]
    return {
        "name": "stage", "image": given.image, "workingDir": WRITABLE,
        # Process 1 of the pod: SIGTERM reaches it, and the ranks through it; no preStop is needed.
        "command": [f"{IMAGE_ROOT}/launch/pipeline"],
        "args": [f"/etc/heliograph/{PIPELINE}", *changes, f"trainings={trainings}", "--only", stage.name, "--patience", "60"],
        "ports": watched,
        # Seconds: a lost node's lock may linger when this pod takes its place.
        "env": [{"name": "HELIO_LOCK_PATIENCE", "value": "60"}],
        "resources": resources(stage, ranks, given),
        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": name, "mountPath": path, **({"readOnly": True} if fixed else {})} for name, path, fixed in mounts]}


def pod(stage, pipeline, config, given):
    return {
        "restartPolicy": "Never", "serviceAccountName": "heliograph", "automountServiceAccountToken": False, "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 180,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 1000, "fsGroupChangePolicy": "OnRootMismatch",
                            "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container(stage, pipeline.settings, given)],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "heliograph-data", "readOnly": True}},
                    {"name": "runs", "persistentVolumeClaim": {"claimName": "heliograph-runs"}},
                    {"name": "pipeline", "configMap": {"name": config}},
                    {"name": "tmp", "emptyDir": {"sizeLimit": "10Gi"}},
                    {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": f"{pipeline.settings['ranks']}Gi"}}]}


def job(stage, pipeline, config, given):
    labels = {"app.kubernetes.io/name": "heliograph", "app.kubernetes.io/part-of": name_of(pipeline.out.name)}
    rules = [{"action": "Ignore", "onExitCodes": {"containerName": "stage", "operator": "In", "values": [NOT_YET]}},
             # A mistake in flags or data, or a bug, would only fail again (docs/running.md).
             {"action": "FailJob", "onExitCodes": {"containerName": "stage", "operator": "In", "values": [*NEVER_AGAIN]}},
             {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
    return {"apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": name_of(pipeline.out.name, stage.name), "namespace": given.namespace, "labels": labels},
            # Indexed, so that the monitor knows the pod's number.
            "spec": {"completionMode": "Indexed", "completions": 1, "parallelism": 1, "backoffLimit": 20, "podFailurePolicy": {"rules": rules},
                     "template": {"metadata": {"labels": labels}, "spec": pod(stage, pipeline, config, given)}}}


def manifests(pipeline, given):
    """A List: the pipeline file, and a Job for each stage."""
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name_of(pipeline.out.name, "pipeline"), "namespace": given.namespace,
              "labels": {"app.kubernetes.io/name": "heliograph"}}, "data": {PIPELINE: pipeline.text}}
    jobs = [job(stage, pipeline, config["metadata"]["name"], given) for stage in pipeline.stages]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": [config, *jobs]}, indent=1)

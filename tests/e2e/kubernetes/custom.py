"""Schemas of the two custom resources that launch/kubernetes uses, strict: unknown fields are mistakes.
Fields, enumerations and required ones as in the published definitions: mpijobs.kubeflow.org v2beta1, and podmonitors.monitoring.coreos.com v1
as far as we use it. Pod templates are checked by Kubernetes' own schema."""


def fields(required=(), **properties):
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


STRING, BOOLEAN, COUNT = {"type": "string"}, {"type": "boolean"}, {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
STRINGS = {"type": "object", "additionalProperties": STRING}
METADATA = fields(["name"], name=STRING, namespace=STRING, labels=STRINGS, annotations=STRINGS)


def one_of(*values):
    return {"type": "string", "enum": list(values)}


# The operator's own validation knows Never and OnFailure only, narrower than the definition's text.
REPLICAS = fields(["replicas", "restartPolicy", "template"], replicas=COUNT, restartPolicy=one_of("Never", "OnFailure"), template={"type": "object"})

MPIJOB = fields(
    ["apiVersion", "kind", "metadata", "spec"], apiVersion=one_of("kubeflow.org/v2beta1"), kind=one_of("MPIJob"), metadata=METADATA,
    spec=fields(
        ["mpiReplicaSpecs", "slotsPerWorker"],
        launcherCreationPolicy=one_of("AtStartup", "WaitForWorkersReady"), mpiImplementation=one_of("OpenMPI", "Intel", "MPICH"),
        runLauncherAsWorker=BOOLEAN, slotsPerWorker=COUNT, sshAuthMountPath=STRING,
        mpiReplicaSpecs=fields(["Launcher"], Launcher=REPLICAS, Worker=REPLICAS),
        runPolicy=fields(
            ["cleanPodPolicy"], activeDeadlineSeconds=COUNT, backoffLimit=COUNT, cleanPodPolicy=one_of("None", "Running", "All"), managedBy=STRING,
            suspend=BOOLEAN, ttlSecondsAfterFinished=COUNT,
            schedulingPolicy=fields(minAvailable=COUNT, minResources=STRINGS, priorityClass=STRING, queue=STRING, scheduleTimeoutSeconds=COUNT))))

DURATION = {"type": "string", "pattern": r"^(0|(\d+h)?(\d+m)?(\d+s)?(\d+ms)?)$"}
RELABELING = fields(
    sourceLabels={"type": "array", "items": {"type": "string", "pattern": "^[a-zA-Z_][a-zA-Z0-9_]*$"}}, separator=STRING, targetLabel=STRING,
    regex=STRING, modulus=COUNT, replacement=STRING,
    action=one_of("replace", "keep", "drop", "hashmod", "labelmap", "labeldrop", "labelkeep", "lowercase", "uppercase", "keepequal", "dropequal"))

PODMONITOR = fields(
    ["apiVersion", "kind", "metadata", "spec"], apiVersion=one_of("monitoring.coreos.com/v1"), kind=one_of("PodMonitor"), metadata=METADATA,
    spec=fields(
        ["selector"], jobLabel=STRING, podTargetLabels={"type": "array", "items": STRING}, sampleLimit=COUNT,
        selector=fields(matchLabels=STRINGS), namespaceSelector=fields(any=BOOLEAN, matchNames={"type": "array", "items": STRING}),
        podMetricsEndpoints={"type": "array", "items": fields(
            port=STRING, path=STRING, scheme=one_of("http", "https"), interval=DURATION, scrapeTimeout=DURATION, honorLabels=BOOLEAN,
            relabelings={"type": "array", "items": RELABELING}, metricRelabelings={"type": "array", "items": RELABELING})}))

SCHEMAS = {("kubeflow.org/v2beta1", "MPIJob"): MPIJOB, ("monitoring.coreos.com/v1", "PodMonitor"): PODMONITOR}


def pod_templates(document):
    """Where a manifest has pods: (place, template)."""
    spec = document.get("spec", {})
    if document["kind"] == "MPIJob":
        for name, replicas in spec["mpiReplicaSpecs"].items():
            yield f"MPIJob {name}", replicas["template"]
    elif "template" in spec:
        yield document["kind"], spec["template"]

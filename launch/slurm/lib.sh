# Sourced by the sbatch files: where the programs are, the target list for Prometheus, and when to requeue.
#
# Settings (environment of sbatch, or --export):
#   HELIO_RUN           folder of the run, on a file system that all nodes share (required; becomes --out)
#   HELIO_PROGRAM       what runs: helio-train, helio-pretrain, helio-eval                  [helio-train]
#   HELIO_HOME          folder that holds launch/; of an installation PREFIX/share/heliograph   [the folder sbatch was called in]
#   HELIO_BIN           folder of the programs; of an installation PREFIX/bin                   [HELIO_HOME/build/release/bin]
#   HELIO_MAX_RESTARTS  requeues before giving up              [100]
#   HELIO_TARGETS       folder where Prometheus looks for target lists (launch/monitoring/prometheus-slurm.yml);
#                       a run goes on without it             [none]
#   HELIO_LOCK_PATIENCE seconds that the programs wait for a folder which another job holds [60 once requeued, else 0]
#   HELIO_MPI           srun's --mpi                           [pmix]
#   HELIO_CPU_BIND      srun's --cpu-bind                      [cores]
#   HELIO_DISTRIBUTION  srun's --distribution                  [block:block: neighbouring ranks on one socket, as GPUs in PCI order mostly are]
#   HELIO_MPIRUN_FLAGS  more flags for mpirun                  (train-mpirun.sbatch)
#   HELIO_IMAGE         the container's image, required        (train-container.sbatch, like the next two)
#   HELIO_BIND          folders that containers see            [HELIO_RUN]
#   HELIO_APPTAINER     what runs containers                   [apptainer]
#   HELIO_LINES         file with a run a line, required       (ablations.sbatch)
set -u
: "${HELIO_RUN:?is not set: the folder of the run, on a file system that all nodes share}"
HELIO_HOME=${HELIO_HOME:-$SLURM_SUBMIT_DIR}
HELIO_BIN=${HELIO_BIN:-$HELIO_HOME/build/release/bin}
HELIO_RESTARTS=${SLURM_RESTART_COUNT:-0}
HELIO_TASKS=${SLURM_NTASKS:-1}
say() { echo "slurm job $SLURM_JOB_ID, attempt $HELIO_RESTARTS: $*"; }
mkdir -p "$HELIO_RUN" || { say "HELIO_RUN=$HELIO_RUN cannot be made: the folder of the run, on a file system that all nodes share"; exit 1; }
HELIO_RUN=$(realpath "$HELIO_RUN") || exit 1
HELIO_PROGRAM=$HELIO_BIN/${HELIO_PROGRAM:-helio-train}
# Since Slurm 22.05 srun does not take --cpus-per-task over from sbatch: each rank would run on one core.
export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1}

# Flags that every rank gets. A job that came up with another number of ranks must fail, not train alone.
HELIO_FLAGS=(--out="$HELIO_RUN" --expect_world_size="$HELIO_TASKS")

# What a requeued attempt goes on from is what the earlier ones wrote: --resume=none or a checkpoint of another folder is meant once.
HELIO_RESUME=()
HELIO_BEGAN=$HELIO_RUN/.began-$SLURM_JOB_ID
if [ "$HELIO_RESTARTS" = 0 ]; then touch "$HELIO_BEGAN"
elif [ -n "$(find "$HELIO_RUN/checkpoints" -maxdepth 1 -name 'step-*' -newer "$HELIO_BEGAN" -print -quit 2>/dev/null)" ]; then HELIO_RESUME=(--resume=auto); fi

helio_targets() {  # link | unlink
  [ -n "${HELIO_TARGETS:-}" ] || return 0
  local link="$HELIO_TARGETS/${USER:-$(id -un)}.$(basename "$HELIO_RUN").json"
  if [ "$1" = link ]; then ln -sfn "$HELIO_RUN/prometheus-targets.json" "$link"; else rm -f "$link"; fi
}

# Ends the job, or puts it back into the queue. 75: a checkpoint was written on a signal, or a rank, link or deadline failed.
# 128+n: a process was killed; checkpoints are whole at any time. Anything else would only fail again (docs/running.md).
helio_finish() {
  local code=$1 failed="$HELIO_RUN/.failed-$SLURM_JOB_ID-$HELIO_RESTARTS"
  helio_targets unlink
  # What launch/slurm/rank noted.
  if [ -s "$failed" ]; then code=$(cat "$failed"); rm -f "$failed"; fi
  if [ "$code" != 75 ] && [ "$code" -lt 128 ]; then say "ended with code $code"; rm -f "$HELIO_BEGAN"; exit "$code"; fi
  if [ "$HELIO_RESTARTS" -ge "${HELIO_MAX_RESTARTS:-100}" ]; then say "code $code after $HELIO_RESTARTS restarts: giving up"; exit "$code"; fi
  # scancel ends ranks with the signal that preemption uses; a cancelled job must stay cancelled.
  local state; state=$(squeue --noheader --job="$SLURM_JOB_ID" --format=%T)
  if [ "$state" != RUNNING ]; then say "ended with code $code, job is $state: not requeued"; exit "$code"; fi
  say "ended with code $code: requeued"
  # Slurm ends this script as part of it.
  scontrol requeue "$SLURM_JOB_ID" || exit "$code"
  sleep 60
}
export HELIO_RUN
HELIO_RANK=$HELIO_HOME/launch/slurm/rank
say "$HELIO_TASKS ranks on ${SLURM_JOB_NODELIST:-?}"
helio_targets link || say "no target list in HELIO_TARGETS=$HELIO_TARGETS: Prometheus will not see this run, which goes on"

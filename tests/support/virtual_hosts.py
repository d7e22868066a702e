"""Several hosts on one machine: network and UTS namespaces on a bridge, each with its own address and host name.

with VirtualHosts(3) as hosts:
    hosts.mpirun({"node1": 1, "node2": 2}, ["program", "argument"], ...)
Needs root and iproute2; VirtualHosts.unavailable() says why it would not work. MPI reaches a host through this
file itself (an rsh agent), so no sshd is needed.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile


def call(*command):
    subprocess.run(command, check=True, capture_output=True, text=True)


class VirtualHosts:
    def __init__(self, count, tag=None):
        self.tag = tag or f"{os.getpid() % 4096:x}"
        self.count = count
        # A private /24 of its own, so that jobs side by side do not meet.
        self.net = f"10.{100 + os.getpid() % 100}.{os.getpid() // 100 % 250}"
        self.bridge = f"hb{self.tag}"
        self.cables = []

    @staticmethod
    def unavailable():
        if os.geteuid() != 0:
            return "not root"
        if not shutil.which("ip") or not shutil.which("nsenter"):
            return "iproute2 or util-linux is missing"
        probe = f"hprobe{os.getpid()}"
        made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True)
        subprocess.run(["ip", "netns", "del", probe], capture_output=True)
        return made.stderr.strip() if made.returncode else None

    def name(self, index):
        return f"node{index}"

    def space(self, host):
        return f"h{self.tag}-{host}"

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hosts-"))
        names = [self.name(i) for i in range(1, self.count + 1)]
        lines = ["127.0.0.1 localhost", f"{self.net}.254 head"]
        lines += [f"{self.net}.{i} {name}" for i, name in enumerate(names, 1)]
        (self.folder / "hosts").write_text("\n".join(lines) + "\n")
        call("ip", "link", "add", self.bridge, "type", "bridge")
        call("ip", "addr", "add", f"{self.net}.254/24", "dev", self.bridge)
        call("ip", "link", "set", self.bridge, "up")
        for i, name in enumerate(names, 1):
            self.add(name, i)
        return self

    def add(self, name, index):
        space, device = self.space(name), self.device(name)
        call("ip", "netns", "add", space)
        call("ip", "link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", space)
        call("ip", "link", "set", device, "master", self.bridge, "up")
        call("ip", "-n", space, "addr", "add", f"{self.net}.{index}/24", "dev", "eth0")
        call("ip", "-n", space, "link", "set", "lo", "up")
        call("ip", "-n", space, "link", "set", "eth0", "up")

    def device(self, name):
        return f"v{self.tag}-{name[4:]}"

    def __exit__(self, *_):
        for job in self.cables:
            job.kill()
            job.wait()
        for i in range(1, self.count + 1):
            name = self.name(i)
            pids = subprocess.run(["ip", "netns", "pids", self.space(name)], capture_output=True, text=True).stdout
            for pid in pids.split():
                subprocess.run(["kill", "-9", pid], capture_output=True)
            subprocess.run(["ip", "link", "del", self.device(name)], capture_output=True)
            subprocess.run(["ip", "netns", "del", self.space(name)], capture_output=True)
        subprocess.run(["ip", "link", "del", self.bridge], capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def link(self, name, state):
        """Cuts (down) or mends (up) a host's cable."""
        call("ip", "link", "set", self.device(name), state)

    def shape(self, name, rate):
        """Limits a host's link in both directions, for example to 1gbit."""
        rule = ["root", "tbf", "rate", rate, "burst", "256k", "latency", "50ms"]
        call("tc", "-n", self.space(name), "qdisc", "replace", "dev", "eth0", *rule)
        call("tc", "qdisc", "replace", "dev", self.device(name), *rule)

    def slow(self, name, program, mbit, delay_ms, loss_percent):
        """Puts a long, lossy cable in the place of a host's own: `program` is slow_link."""
        space, device, outer = self.space(name), self.device(name), f"t{self.tag}-{name[4:]}"
        call("ip", "link", "del", device)
        job = subprocess.Popen([str(program), f"/run/netns/{space}", "eth0", outer, str(mbit), str(delay_ms), str(loss_percent)],
                               stdout=subprocess.PIPE, text=True)
        self.cables.append(job)
        if job.stdout.readline().strip() != "ready":
            raise RuntimeError("slow_link did not start")
        call("ip", "link", "set", outer, "master", self.bridge, "up")
        call("ip", "-n", space, "addr", "add", f"{self.net}.{name[4:]}/24", "dev", "eth0")
        call("ip", "-n", space, "link", "set", "eth0", "up")

    def mpirun(self, slots, program, **popen):
        """Starts mpirun on this machine with `slots` ranks on each named host; returns the Popen."""
        environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                           HOSTS_TAG=self.tag, HOSTS_FOLDER=str(self.folder), OMP_NUM_THREADS="1")
        agent = f"{sys.executable} {pathlib.Path(__file__).resolve()}"
        command = ["mpirun", "--bind-to", "none", "--mca", "plm", "rsh", "--mca", "plm_rsh_agent", agent,
                   "--mca", "oob_tcp_if_include", f"{self.net}.0/24", "--mca", "btl_tcp_if_include", f"{self.net}.0/24",
                   "--mca", "btl", "tcp,self,vader", "--mca", "pml", "ob1", "-x", "OMP_NUM_THREADS",
                   "--host", ",".join(f"{name}:{count}" for name, count in slots.items())]
        return subprocess.Popen(command + program, env=environment, **popen)


def run_as_agent(arguments):
    """mpirun calls: AGENT [options] HOST COMMAND..., and expects COMMAND to run on HOST."""
    while arguments and arguments[0].startswith("-"):
        arguments = arguments[1:]
    host, command = arguments[0], " ".join(arguments[1:])
    space = f"h{os.environ['HOSTS_TAG']}-{host}"
    inside = 'hostname "$0"; mount --bind "$1" /etc/hosts; exec /bin/sh -c "$2"'
    os.execvp("nsenter", ["nsenter", f"--net=/run/netns/{space}", "unshare", "--uts", "--mount", "--", "/bin/sh", "-c",
                          inside, host, f"{os.environ['HOSTS_FOLDER']}/hosts", command])


if __name__ == "__main__":
    run_as_agent(sys.argv[1:])

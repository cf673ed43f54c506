#!/usr/bin/env python3
"""Measures how fast ecs-refresh starts and looks, and how much memory and time it takes.

    benches/footprint.py                   builds the release binary, measures for 7 minutes
    benches/footprint.py --only small      one of: small, large, busy
    benches/footprint.py --binary PATH     measures that binary, builds nothing

The daemon runs as a process of its own against `ecs-refresh simulator` in another, over TCP on
127.0.0.1, with /metrics scraped every 15 seconds as Prometheus would. Speed differs from machine to
machine, so nothing here fails because of it: the table shows what was measured beside the target.
Needs Linux (/proc) and Python 3.8.
"""

import argparse
import contextlib
import http.client
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

SCRAPE_EVERY = 15
HEALTHY_WITHIN = 10
SEEDED_WITHIN = 60
READY_WITHIN = 180
STOPPED_WITHIN = 15

POLICY = """
[aws]
endpoint_url = "http://{simulator}"
region = "eu-central-1"

[daemon]
listen = "{listen}"
resync = "60s"
api_share = {api_share}
max_in_flight = {in_flight}
max_tasks_in_flight = 100000

[store]
path = "{directory}/ledger.redb"

[[policy]]
name = "all"
services = {{ clusters = ["*"] }}
windows = {windows}
max_task_age = "{age}"
concurrency = {in_flight}
"""

NIGHTLY = '[{ cron = "0 3 * * *", duration = "1h" }]'


class CannotMeasure(Exception):
    """Something that is needed for a figure did not happen."""


class Table:
    """What was measured, beside what is aimed at."""

    def __init__(self):
        self.rows = []

    def add(self, what, value, unit, target=None):
        if target is None:
            aim, verdict = "", ""
        else:
            aim = f"< {target:g} {unit}"
            verdict = "met" if value < target else "MISSED"
        self.rows.append((what, f"{value:.4g} {unit}", aim, verdict))
        print(f"  {what}: {value:.4g} {unit}", flush=True)

    def __str__(self):
        rows = [("", "measured", "target", "")] + self.rows
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths)) for row in rows)
        return "\n".join(line.rstrip() for line in lines)


@contextlib.contextmanager
def running(command, log, environment=None):
    """A child process, which is gone in the end whatever happens."""
    with open(log, "wb") as output:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
        )
    try:
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(STOPPED_WITHIN)


def until(seconds, pause, what, question):
    """Asks until there is an answer, and returns it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = question()
        if answer:
            return answer
        time.sleep(pause)
    raise CannotMeasure(f"{what} did not happen within {seconds} s")


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def simulator(binary, directory, clusters, services, tasks, options=()):
    """A simulated fleet; gives its address."""
    log = os.path.join(directory, "simulator.log")
    command = [binary, "simulator", "--listen", "127.0.0.1:0", "--clusters", str(clusters)]
    command += ["--services", str(services), "--tasks-per-service", str(tasks), *options]
    with running(command, log):
        def address():
            return re.search(r"http://(127\.0\.0\.1:\d+)", read(log))

        yield until(SEEDED_WITHIN, 0.05, "the simulator's start", address).group(1)


class Certificates:
    """A pipe in the place of the system's root certificates: it tells whether they are read."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "roots.pem")
        self.were_read = threading.Event()
        bundle = ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"
        with open(bundle, "rb") as file:
            self.roots = file.read()
        os.mkfifo(self.path)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with open(self.path, "wb") as pipe:
            pipe.write(self.roots)
        self.were_read.set()


class Daemon:
    """`ecs-refresh run` while it runs."""

    def __init__(self, child, started, port, log, certificates):
        self.child, self.started, self.port, self.log = child, started, port, log
        self.certificates = certificates
        self.scrapes = []

    def get(self, path):
        """The status and body of an answer; a status of 0 when nobody listens yet."""
        if self.child.poll() is not None:
            raise CannotMeasure(f"the daemon has ended:\n{read(self.log)[-2000:]}")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError:
            return 0, b""
        finally:
            connection.close()

    def answers(self, path):
        return self.get(path)[0] == 200

    def seconds_until(self, path, within, pause):
        until(within, pause, f"{path} with 200", lambda: self.answers(path))
        return time.monotonic() - self.started

    def scrape(self):
        begun = time.monotonic()
        status, body = self.get("/metrics")
        if status != 200:
            raise CannotMeasure(f"/metrics answers with {status}")
        self.scrapes.append((time.monotonic() - begun, len(body)))
        return body.decode()

    def scraped_for(self, seconds, enough=lambda: False):
        """Scrapes at the usual pace for so long, or until it is enough."""
        begun = scraped = time.monotonic()
        while time.monotonic() - begun < seconds and not enough():
            time.sleep(0.1)
            if time.monotonic() - scraped >= SCRAPE_EVERY:
                scraped += SCRAPE_EVERY
                self.scrape()
        return time.monotonic() - begun

    def memory(self, field):
        """`VmHWM`, the peak of what was resident, or `VmRSS`, what is now. In MiB."""
        status = read(f"/proc/{self.child.pid}/status")
        return int(re.search(rf"{field}:\s+(\d+) kB", status).group(1)) / 1024

    def cpu_seconds(self):
        # The name of the process, in parentheses, may hold spaces.
        fields = read(f"/proc/{self.child.pid}/stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def cpu_percent_over(self, seconds):
        before = self.cpu_seconds()
        took = self.scraped_for(seconds)
        return 100 * (self.cpu_seconds() - before) / took

    def metric(self, series):
        found = re.search(rf"^{re.escape(series)} (\S+)$", self.scrape(), re.MULTILINE)
        return float(found.group(1)) if found else 0.0


@contextlib.contextmanager
def daemon(binary, directory, address, **policy):
    """The daemon on that simulator."""
    port = free_port()
    config = os.path.join(directory, "ecs-refresh.toml")
    settings = {"api_share": 0.25, "in_flight": 5, "windows": NIGHTLY, "age": "7d", **policy}
    with open(config, "w", encoding="utf-8") as file:
        file.write(POLICY.format(
            simulator=address, listen=f"127.0.0.1:{port}", directory=directory, **settings
        ))
    certificates = Certificates(directory)
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SSL_CERT_FILE": certificates.path,
    }
    log = os.path.join(directory, "daemon.log")
    started = time.monotonic()
    with running([binary, "run", "--config", config], log, environment) as child:
        yield Daemon(child, started, port, log, certificates)


def measure_start(daemon, table, name):
    healthy = daemon.seconds_until("/healthz", HEALTHY_WITHIN, 0.001)
    table.add(f"{name}: from the start to /healthz", healthy * 1000, "ms", 100)


def measure_peak(daemon, table, name, target):
    if not daemon.certificates.were_read.is_set():
        raise CannotMeasure("the TLS client has not loaded the root certificates")
    table.add(f"{name}: peak resident memory, TLS loaded", daemon.memory("VmHWM"), "MiB", target)
    table.add(f"{name}: resident memory at the end", daemon.memory("VmRSS"), "MiB")


def small(binary, directory, table):
    """Thirty services that need nothing."""
    name = "30 services, 300 tasks"
    with simulator(binary, directory, 1, 30, 10) as address:
        with daemon(binary, directory, address) as run:
            measure_start(run, table, name)
            run.seconds_until("/readyz", READY_WITHIN, 0.01)
            time.sleep(2)
            table.add(f"{name}: idle, of a core", run.cpu_percent_over(60), "%", 0.5)
            measure_peak(run, table, name, 32)


def large(binary, directory, table):
    """Five thousand services that need nothing, at the whole API budget."""
    name = "5,000 services, 50,000 tasks"
    # Both listing and describing tasks take ⌈T/100⌉ calls from one bucket: 100, then 20 a second.
    allowed = (2 * 50_000 / 100 - 100) / 20
    # As slow as AWS may be, so that pages which wait for each other show.
    with simulator(binary, directory, 5, 5_000, 10, ["--latency", "250ms"]) as address:
        with daemon(binary, directory, address, api_share=1) as run:
            measure_start(run, table, name)
            run.scraped_for(READY_WITHIN, lambda: run.answers("/readyz"))
            if not run.answers("/readyz"):
                raise CannotMeasure(f"the first look did not end within {READY_WITHIN} s")
            look = time.monotonic() - run.started
            table.add(f"{name}: cold look (API budget: {allowed:g} s)", look, "s", allowed * 1.05)
            table.add(f"{name}: processor for the cold look", run.cpu_seconds(), "s")
            table.add(f"{name}: processor after it, of a core", run.cpu_percent_over(90), "%")
            scrape, size = max(run.scrapes)
            table.add(f"{name}: slowest scrape ({size / 2**20:.1f} MiB)", scrape * 1000, "ms")
            measure_peak(run, table, name, 64)


def busy(binary, directory, table):
    """Five thousand services that are all due, a hundred of them being refreshed at a time."""
    name = "5,000 services, 100 in flight"
    policy = {"api_share": 1, "in_flight": 100, "windows": '"always"', "age": "12h"}
    with simulator(binary, directory, 5, 5_000, 2) as address:
        with daemon(binary, directory, address, **policy) as run:
            measure_start(run, table, name)
            in_flight = 'ecs_refresh_in_flight{policy="all"}'
            until(READY_WITHIN, 1, "a hundred refreshes", lambda: run.metric(in_flight) >= 100)
            before = run.cpu_seconds()
            begun = time.monotonic()
            levels = []
            while time.monotonic() - begun < 150:
                run.scraped_for(SCRAPE_EVERY)
                levels.append(run.metric(in_flight))
            percent = 100 * (run.cpu_seconds() - before) / (time.monotonic() - begun)
            table.add(f"{name}: in flight, on average", sum(levels) / len(levels), "refreshes")
            table.add(f"{name}: processor, of a core", percent, "%")
            done = 'ecs_refresh_refreshes_total{cause="age",outcome="succeeded",policy="all"}'
            table.add(f"{name}: refreshes proven", run.metric(done), "refreshes")
            measure_peak(run, table, name, 64)


SCENARIOS = {"small": small, "large": large, "busy": busy}


def build():
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
    subprocess.run(["cargo", "build", "--release", "--locked"], cwd=ROOT, check=True)
    return os.path.join(target, "release", "ecs-refresh")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--binary", help="measure this one instead of building one")
    parser.add_argument("--only", choices=SCENARIOS, help="one scenario")
    arguments = parser.parse_args()
    binary = os.path.abspath(arguments.binary or build())
    table = Table()
    table.add("size of the binary", os.path.getsize(binary) / 2**20, "MiB")
    trouble = None
    for name in [arguments.only] if arguments.only else SCENARIOS:
        print(f"{name}: {SCENARIOS[name].__doc__}", flush=True)
        directory = tempfile.mkdtemp(prefix="ecs-refresh-footprint-")
        try:
            SCENARIOS[name](binary, directory, table)
        except CannotMeasure as why:
            trouble = f"{name}: {why}"
            print(f"  cannot measure: {why}", flush=True)
        finally:
            shutil.rmtree(directory, ignore_errors=True)
    print(f"\n{table}")
    return f"not everything could be measured: {trouble}" if trouble else 0


if __name__ == "__main__":
    sys.exit(main())

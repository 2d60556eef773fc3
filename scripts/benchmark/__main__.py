"""Measures what scripts/bench names, and prints and keeps the figures."""

import argparse
import datetime
import json
import os
import subprocess

import nets
import report
from programs import Nibble, Runtime

ROUNDS = 5
RESULTS = f"{nets.BUILD}/results.json"
PARTS = ["float", "simulated", "integer", "edit", "calibration", "prepare", "cancel", "peak"]
# Who takes turns in the parts that are passes over images.
PASSES = {
    "float": ["float", "runtime float"],
    "simulated": ["simulated", "float"],
    "integer": ["integer", "float", "runtime int8"],
}


def take_turns(contestants, keep):
    """Seconds of each contestant in each of the rounds, one after the other."""
    for contestant in contestants.values():
        contestant()
    for _ in range(ROUNDS):
        for name, contestant in contestants.items():
            keep(name, contestant())


def passes(net, names, threads):
    """Images a second of all contestants of the parts asked for."""
    inputs = net.inputs(net.count)
    nibble = Nibble(net)
    contestants, batches = {}, {}
    for name in names:
        if name.startswith("runtime"):
            runtime = Runtime(net.path if name == "runtime float" else net.int8(), inputs, net.batches, threads)
            contestants[name], batches[name] = runtime.seconds, runtime.batch
        else:
            contestants[name] = lambda name=name: nibble.seconds(name, threads, net.count)
    rates = {name: [] for name in contestants}
    take_turns(contestants, lambda name, seconds: rates[name].append(net.count / seconds))
    nibble.close()
    return {"rates": rates, "batches": batches, "images": net.count}


def edits(net, threads):
    """Seconds of an edit in the last block and in the middle, and of ONNX Runtime's whole int8 evaluation."""
    inputs = net.inputs(10_000)
    nibble = Nibble(net)
    layers = int(nibble.ask("layers")[0])
    runtime = Runtime(net.int8(), inputs, net.batches, threads)
    nibble.ask("start", threads, len(inputs))
    seconds = {name: [] for name in ("last block", "middle", "runtime int8")}
    take_turns(
        {
            "last block": lambda: nibble.seconds("edit", layers - 3),
            "middle": lambda: nibble.seconds("edit", layers // 2),
            "runtime int8": runtime.seconds,
        },
        lambda name, value: seconds[name].append(value))
    nibble.close()
    return {"seconds": seconds, "batches": {"runtime int8": runtime.batch}, "images": len(inputs)}


def calibration(net, threads):
    """Seconds of a calibration and of a float pass over the same images."""
    count = 512
    nibble = Nibble(net)
    seconds = {"calibrate": [], "float": []}
    take_turns(
        {name: lambda name=name: nibble.seconds(name, threads, count) for name in seconds},
        lambda name, value: seconds[name].append(value))
    nibble.close()
    return {"seconds": seconds, "images": count}


def preparation(net):
    """Seconds until all weights are ready for other bits: planned and packed."""
    nibble = Nibble(net)
    seconds = {"plan": [], "pack": []}
    for round in range(ROUNDS + 1):
        plan, pack = nibble.ask("prepare")
        if round > 0:
            seconds["plan"].append(plan)
            seconds["pack"].append(pack)
    nibble.close()
    return {"seconds": seconds}


def cancellation(net, threads):
    """The longest time until a run of each kind stops when told to."""
    nibble = Nibble(net)
    seconds = {name: [nibble.seconds("cancel", name, threads)] for name in ("float", "simulated", "integer")}
    nibble.close()
    return {"seconds": seconds}


def peak():
    """What kernel-bench prints for the best level of this machine."""
    output = subprocess.run([".build/release/kernel-bench", "auto"], check=True, capture_output=True, text=True).stdout
    return {"lines": output.splitlines()}


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    known = nets.known()
    parser.add_argument("--only", default=",".join(PARTS), help="parts: " + ",".join(PARTS))
    parser.add_argument("--nets", default=",".join(net.name for net in known))
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--report", action="store_true", help="write docs/benchmarks.md from what was measured last")
    options = parser.parse_args()
    parts, threads = options.only.split(","), options.threads.split(",")
    chosen = [net for net in known if net.name in options.nets.split(",")]
    unknown = set(parts) - set(PARTS) | set(options.nets.split(",")) - {net.name for net in known}
    if unknown:
        parser.error("unknown: " + ", ".join(sorted(unknown)))
    results = json.load(open(RESULTS)) if os.path.exists(RESULTS) else {}

    def keep(part, key, figures):
        figures["date"] = datetime.date.today().isoformat()
        results.setdefault(part, {})[key] = figures
        with open(RESULTS, "w") as file:
            json.dump(results, file, indent=1)
        print("\n".join(report.lines(part, key, figures)), flush=True)

    if options.report:
        report.write(results, "docs/benchmarks.md", [net.name for net in known])
        return
    for net in chosen:
        wanted = [part for part in PASSES if part in parts]
        names = list(dict.fromkeys(name for part in wanted for name in PASSES[part]))
        for count in threads if wanted else []:
            figures = passes(net, names, int(count))
            for part in wanted:
                own = {name: figures["rates"][name] for name in PASSES[part]}
                keep(part, f"{net.name} {count}", {**figures, "rates": own})
        if "calibration" in parts:
            for count in threads:
                keep("calibration", f"{net.name} {count}", calibration(net, int(count)))
        if "edit" in parts and net.name in ("fashion-resnet20", "resnet20"):
            keep("edit", f"{net.name} 2", edits(net, 2))
        if "prepare" in parts and net.name == "resnet50":
            keep("prepare", f"{net.name} 2", preparation(net))
        if "cancel" in parts:
            keep("cancel", f"{net.name} 2", cancellation(net, 2))
    if "peak" in parts:
        keep("peak", "all", peak())
    if options.only == ",".join(PARTS) and len(chosen) == len(known):
        report.write(results, "docs/benchmarks.md", [net.name for net in known])


main()

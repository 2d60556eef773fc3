"""Tables of what was measured."""

import platform
import re
from statistics import median

import onnxruntime

RUNTIME = f"ONNX Runtime {onnxruntime.__version__}"
# For each part: what it compares, and the ratios it is judged by (numerator, denominator, target).
RATES = {
    "float": [("float", "runtime float", "at least 1.0")],
    "simulated": [("simulated", "float", "at least 0.95")],
    "integer": [("integer", "runtime int8", "ResNet-20 1.5, MobileNetV2 1.2, ResNet-50 1.0"),
                ("integer", "float", "ResNet-20 3")],
}
SECONDS = {
    "edit": [("last block", "runtime int8", "at most 0.2"), ("middle", "runtime int8", "at most 0.5")],
    "calibration": [("calibrate", "float", "at most 3")],
}
TITLES = {
    "float": f"Float: images a second, nibble and {RUNTIME}",
    "simulated": "Simulated W4A4, one range per tensor: images a second, beside nibble's own float",
    "integer": f"Integer W4A4: images a second, beside {RUNTIME}'s int8 and nibble's own float",
    "edit": f"Other bits for one layer: seconds to the values of 10,000 images, beside {RUNTIME}'s int8 evaluation",
    "calibration": "Calibration: seconds, beside one float pass over the same images",
    "prepare": "All weights for other bits: milliseconds of the plan and of the weights in kernel order",
    "cancel": "Stopping a run: the longest of 20 times from the request to the end, two threads; at most 10 ms",
    "peak": "Share of the peak of each convolution, one thread",
}


def ratio(figures, above, below):
    """The ratio of medians, and the least and largest ratio of a round."""
    values = figures.get("rates") or figures["seconds"]
    rounds = [a / b for a, b in zip(values[above], values[below])]
    return median(values[above]) / median(values[below]), min(rounds), max(rounds)


def show(name, value, digits, figures):
    batch = figures.get("batches", {}).get(name)
    return f"{value:,.{digits}f}" + (f" (batch {batch})" if batch else "")


def row(part, key, figures):
    net, threads = key.split(" ")
    cells = [net, threads, str(figures.get("images", ""))]
    values = figures.get("rates") or figures["seconds"]
    for name, all in values.items():
        value = median(all)
        digits = 3 if "seconds" in figures else 1 if value < 100 else 0
        cells.append(show(name, value, digits, figures))
    for above, below, _ in RATES.get(part, []) + SECONDS.get(part, []):
        middle, least, most = ratio(figures, above, below)
        cells.append(f"{middle:.2f} ({least:.2f} to {most:.2f})")
    return cells


def header(part, figures):
    values = figures.get("rates") or figures["seconds"]
    ratios = [f"{above} / {below}" for above, below, _ in RATES.get(part, []) + SECONDS.get(part, [])]
    return ["net", "threads", "images", *values, *ratios]


def lines(part, key, figures):
    """What is printed right after a measurement."""
    if part == "peak":
        return figures["lines"]
    if part == "prepare":
        plan, pack = (1000 * median(figures["seconds"][name]) for name in ("plan", "pack"))
        return [f"prepare {key}: plan {plan:.0f} ms, pack {pack:.0f} ms, together {plan + pack:.0f} ms"]
    if part == "cancel":
        times = ", ".join(f"{name} {1000 * max(all):.1f} ms" for name, all in figures["seconds"].items())
        return [f"{key.split(' ')[0]}: {times}"]
    return [f"{part}: " + ", ".join(f"{a} {b}" for a, b in zip(header(part, figures), row(part, key, figures)))]


def processor():
    with open("/proc/cpuinfo") as file:
        names = re.findall(r"model name\s*: (.*)", file.read())
    return f"{names[0] if names else platform.machine()}, {len(names)} processors"


def write(results, path, names):
    """The whole document, its rows in the order of `names`."""
    text = ["# Benchmarks", "",
            "Written by `make bench` (`scripts/bench`), which alternates the programs: figures are medians of 5 rounds, ratios are",
            "ratios of medians with the least and the largest ratio of a round. nibble reads stored images and preprocesses them,",
            "which counts; ONNX Runtime gets float inputs ready made, and the batch that suits it best. Its int8 nets are statically",
            "quantized (QDQ, weights per channel, MinMax, unsigned activations). resnet50 and mobilenetv2 are nets of these shapes at",
            "224x224 with random weights.", "",
            f"Machine: {processor()}.", ""]
    for part, title in TITLES.items():
        entries = results.get(part)
        if not entries:
            continue
        if part != "peak":
            keys = sorted(entries, key=lambda key: (names.index(key.split(" ")[0]), key))
            entries = {key: entries[key] for key in keys}
        dates = sorted({figures["date"] for figures in entries.values()})
        targets = [f"{above} / {below}: {target}" for above, below, target in RATES.get(part, []) + SECONDS.get(part, [])]
        text += [f"## {title}", "", f"Measured {' and '.join(dates)}." + (f" Target: {'; '.join(targets)}." if targets else ""), ""]
        if part == "peak":
            text += ["```", *entries["all"]["lines"], "```", ""]
            continue
        if part in ("prepare", "cancel"):
            text += [f"- {line}" for key, figures in entries.items() for line in lines(part, key, figures)] + [""]
            continue
        head = header(part, next(iter(entries.values())))
        text += ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
        text += ["| " + " | ".join(row(part, key, figures)) + " |" for key, figures in entries.items()]
        text.append("")
    with open(path, "w") as file:
        file.write("\n".join(text))

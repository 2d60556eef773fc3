"""The comparison behind scripts/bench-evaluate, which prepares what it needs."""

import argparse
import gzip
import json
import statistics
import subprocess
import time

import numpy as np
import onnxruntime

ROUNDS = 5
PATHS = ("simulated", "fastest")
SAMPLE = "sample-nets/fashion-resnet20.onnx"
SAMPLE_IMAGES = "sample-nets/fashion-test-images.idx.gz"


def read_images(path):
    """Images as [N, C, H, W] in their stored type."""
    if path.endswith(".gz"):
        raw = gzip.open(path).read()
        shape = np.frombuffer(raw[4 : 4 + 4 * raw[3]], ">u4").astype(int)
        array = np.frombuffer(raw[4 + 4 * raw[3] :], np.uint8).reshape(shape)
    else:
        loaded = np.load(path)
        array = loaded if isinstance(loaded, np.ndarray) else next(
            loaded[name] for name in ("images", "x", "data", *loaded.files) if name in loaded.files)
    if array.ndim == 3:
        return array[:, None]
    return array if array.shape[1] in (1, 3) else array.transpose(0, 3, 1, 2)


def runtime_seconds(session, images, batch, scale, mean, std):
    """Preprocessing and network for all images, batch by batch."""
    name = session.get_inputs()[0].name
    factor, shift = (scale / std).astype(np.float32), (mean / std).astype(np.float32)
    start = time.perf_counter()
    for first in range(0, len(images), batch):
        session.run(None, {name: images[first : first + batch].astype(np.float32) * factor - shift})
    return time.perf_counter() - start


def nibble_seconds(arguments, path):
    command = [".build/release/nibble", "evaluate", *arguments, "--granularity", "tensor", "--threads", "2", "--json",
               "--path", path]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["seconds"]["quantized"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("net", nargs="?")
    parser.add_argument("images", nargs="?")
    parser.add_argument("--calibration")
    parser.add_argument("--scale", type=float)
    parser.add_argument("--mean", default="0")
    parser.add_argument("--std", default="1")
    options = parser.parse_args()
    if options.net:
        if not options.images:
            parser.error("a net needs its images")
        net, images = options.net, read_images(options.images)
        arguments = [net, "--data", options.images, "--mean", options.mean, "--std", options.std]
        if options.calibration:
            arguments += ["--calibration", options.calibration]
        scale, mean, std = options.scale, options.mean, options.std
        if scale is not None:
            arguments += ["--scale", str(scale)]
    else:
        net, images, arguments = SAMPLE, read_images(SAMPLE_IMAGES), ["fashion-resnet20"]
        scale, mean, std = None, "0.2860", "0.3530"
    if scale is None:
        scale = 1 / 255 if images.dtype.kind in "ui" else 1
    mean, std = (np.array([float(v) for v in text.split(",")]).reshape(1, -1, 1, 1) for text in (mean, std))

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(net, settings, providers=["CPUExecutionProvider"])
    fixed = isinstance(session.get_inputs()[0].shape[0], int)
    batches = [session.get_inputs()[0].shape[0]] if fixed else [32, 256]
    runtime_seconds(session, images[:512], batches[0], scale, mean, std)
    times = {batch: [] for batch in batches}
    own = {path: [] for path in PATHS}
    for _ in range(ROUNDS):
        for path in PATHS:
            own[path].append(nibble_seconds(arguments, path))
        for batch in batches:
            times[batch].append(runtime_seconds(session, images, batch, scale, mean, std))
    medians = {batch: statistics.median(values) for batch, values in times.items()}
    best = min(medians, key=medians.get)
    print(f"{net}: {len(images)} images, two threads, medians of {ROUNDS} (least to most)")
    for path, values in own.items():
        print(f"  nibble W4A4 {path:10} {statistics.median(values):7.3f} s ({min(values):.3f} to {max(values):.3f})")
    for batch, values in times.items():
        print(f"  ONNX Runtime, batch {batch:<4}  {medians[batch]:7.3f} s ({min(values):.3f} to {max(values):.3f})")
    for path, values in own.items():
        print(f"  {path} to ONNX Runtime's better batch, ratio of medians: {statistics.median(values) / medians[best]:.2f}")


main()

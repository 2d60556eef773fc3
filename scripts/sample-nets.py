"""Trains the sample nets with nibble, measures them with ONNX Runtime, and writes sample-nets/; see scripts/sample-nets."""

import gzip
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

FOLDER = Path("sample-nets")
BUILD = Path(".build/sample-nets")
FASHION = Path("/usr/share/datasets/fashion-mnist")
CLASSES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
SCALE, MEAN, STD = 1 / 255, 0.2860, 0.3530
CALIBRATION_COUNT, CALIBRATION_SEED = 1024, 2026
SEED = 1

# name: (architecture for the manifest, arguments of `nibble train`)
NETS = {
    "fashion-resnet20": ("ResNet-20", "resnet20 --rate 0.15 --epochs 15"),
    "fashion-mobilenet": ("MobileNet, depthwise separable with ReLU6", "mobilenet --rate 0.3 --epochs 8"),
    "fashion-vgg": ("VGG, six convolutions without normalization", "vgg --rate 0.03 --epochs 8"),
    "fashion-resnet20-8bit": (
        "ResNet-20, trained in 8 bits with Range BN",
        "resnet20 --norm range --precision 8,8,8,16 --rate 0.15 --epochs 15",
    ),
}

# Short runs whose exports are compared.
COMPARED = [f"resnet8 --norm {norm}" for norm in ("l2", "l1", "linf", "top-10", "range")] + [
    "resnet8 --norm range --precision 8,8,8,16",
    "resnet8 --norm none --weight-norm trained",
    "resnet8 --norm none --weight-norm bounded --decay off",
    "resnet8 --weight-norm bounded --decay off",
    "mobilenet",
    "vgg --rate 0.03",
    "mlp",
]
# Of the largest logit; nets differ by the order of float sums only.
TOLERANCE = 1e-4


def read_idx(path):
    """The bytes of a gzipped idx file of unsigned bytes, in its shape."""
    raw = gzip.decompress(path.read_bytes())
    if raw[:3] != b"\0\0\x08":
        raise SystemExit(f"{path}: not an idx file of unsigned bytes")
    header = 4 + 4 * raw[3]
    shape = np.frombuffer(raw[4:header], ">u4").astype(int)
    return np.frombuffer(raw[header:], np.uint8).reshape(shape)


def write_idx(path, array):
    """Writes a gzipped idx file; the same array always gives the same bytes."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    path.write_bytes(gzip.compress(header + array.tobytes(), compresslevel=9, mtime=0))


def write_data():
    """Writes the test images, a seeded choice of training images for calibration, and the class names."""
    train_images, train_labels, test_images, test_labels = (
        read_idx(FASHION / f"{part}-{kind}-ubyte.gz")
        for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1"))
    chosen = np.random.default_rng(CALIBRATION_SEED).permutation(len(train_images))[:CALIBRATION_COUNT]
    write_idx(FOLDER / "fashion-test-images.idx.gz", test_images)
    write_idx(FOLDER / "fashion-test-labels.idx.gz", test_labels)
    write_idx(FOLDER / "fashion-calibration-images.idx.gz", train_images[chosen])
    write_idx(FOLDER / "fashion-calibration-labels.idx.gz", train_labels[chosen])
    (FOLDER / "classes.txt").write_text("".join(name + "\n" for name in CLASSES))


def test_set():
    """The test images as nets read them [N, 1, 28, 28], and their labels."""
    images = read_idx(FOLDER / "fashion-test-images.idx.gz")[:, None].astype(np.float32)
    return (images * np.float32(SCALE) - np.float32(MEAN)) / np.float32(STD), read_idx(FOLDER / "fashion-test-labels.idx.gz")


def run_onnxruntime(path, images):
    """The logits of all images."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: images[at : at + 500]})[0] for at in range(0, len(images), 500)])


def train(arguments, output):
    """Runs `nibble train`, goes on with what the folder holds, or takes it if it is complete; gives the net's file and its accuracy as nibble saw it."""
    report = output / "run.json"
    if not report.exists() or not json.loads(report.read_text())["complete"]:
        command = [".build/release/nibble", "train", *arguments.split(), "--output", str(output)]
        if (output / "checkpoint.safetensors").exists():
            command.append("--resume")
        subprocess.run(command, check=True, stdout=sys.stderr)
    run = json.loads(report.read_text())
    return output / f"{run['net']}.onnx", run["epochs"][-1]["testAccuracy"]


def differs(net, images, logits):
    """Runs the net in nibble on the same images; what differs from ONNX Runtime's logits, image for image, if anything."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "net", "test_data_set_0")
        data.mkdir(parents=True)
        shutil.copy(net, data.parent / "model.onnx")
        (data / "input_0.pb").write_bytes(numpy_helper.from_array(images).SerializeToString())
        (data / "output_0.pb").write_bytes(numpy_helper.from_array(logits).SerializeToString())
        check = [".build/release/conformance", "--verbose", "--largest", str(TOLERANCE), folder]
        result = subprocess.run(check, capture_output=True, text=True)
        return None if result.returncode == 0 else result.stdout.strip()


def measured(net, accuracy, images, labels):
    """ONNX Runtime's logits and the share it gets right; ends if they are not nibble's."""
    onnx.checker.check_model(str(net), full_check=True)
    logits = run_onnxruntime(net, images)
    share = float((logits.argmax(1) == labels).mean())
    if difference := differs(net, images, logits):
        raise SystemExit(f"{net}: nibble and ONNX Runtime differ: {difference}")
    # A logit's last bits may decide an image.
    if abs(share - accuracy) > 2 / len(images):
        raise SystemExit(f"{net}: ONNX Runtime gets {share:.4f} right, nibble's training {accuracy:.4f}")
    return logits, share


def write_net(name):
    """Trains a sample net and writes its file, its expected outputs and its manifest entry."""
    architecture, arguments = NETS[name]
    arguments += f" --seed {SEED}"
    net, accuracy = train(arguments, BUILD / name)
    images, labels = test_set()
    logits, share = measured(net, accuracy, images, labels)
    data = net.read_bytes()
    (FOLDER / f"{name}.onnx").write_bytes(data)
    np.savez(
        FOLDER / f"{name}-expected.npz", input=images[:8], output=logits[:8], top1=logits[:8].argmax(1).astype(np.int64))
    model = onnx.load_from_string(data)
    running = {operand for node in model.graph.node if node.op_type == "BatchNormalization" for operand in node.input[3:]}
    trained = [t for t in model.graph.initializer if t.name not in running and t.data_type == onnx.TensorProto.FLOAT and t.dims]

    path = FOLDER / "manifest.json"
    entries = {entry["name"]: entry for entry in json.loads(path.read_text())["nets"]}
    entries[name] = {
        "name": name,
        "file": f"{name}.onnx",
        "sha256": hashlib.sha256(data).hexdigest(),
        "architecture": architecture,
        "parameters": sum(int(np.prod(t.dims)) for t in trained),
        "accuracy": share,
        "mean": [MEAN],
        "std": [STD],
        "scale": SCALE,
        "images": "fashion-test-images.idx.gz",
        "labels": "fashion-test-labels.idx.gz",
        "calibrationImages": "fashion-calibration-images.idx.gz",
        "calibrationLabels": "fashion-calibration-labels.idx.gz",
        "classes": CLASSES,
        "expected": f"{name}-expected.npz",
        "command": f"nibble train {arguments} --output {name}",
        "seed": SEED,
    }
    path.write_text(json.dumps({"nets": [entries[known] for known in NETS if known in entries]}, indent=2) + "\n")
    print(f"{name}: {100 * share:.2f} % of the test images, sha256 {entries[name]['sha256']}")


def compare():
    """Trains each kind of net a little; the accuracies of nibble and ONNX Runtime beside each other."""
    images, labels = test_set()
    for arguments in COMPARED:
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder, "run")
            net, accuracy = train(f"{arguments} --limit 3000 --epochs 2", output)
            share = measured(net, accuracy, images, labels)[1]
            print(f"{arguments}: nibble {100 * accuracy:.2f} %, ONNX Runtime {100 * share:.2f} %, logits agree", flush=True)


def main():
    for what in sys.argv[1:]:
        if what == "data":
            write_data()
        elif what == "compare":
            compare()
        elif what in NETS:
            write_net(what)
        else:
            raise SystemExit(f"scripts/sample-nets: {what}: data, compare or one of {', '.join(NETS)}")


main()

"""Writes nets of common architectures with random weights as folders of ONNX's test layout; see scripts/export-nets."""

import argparse
import os
import subprocess
import sys
import tempfile
import traceback

import numpy as np

OUT = ""
ONLY = ""
# Differences allowed, as parts of the output's largest value: exact types, and nets that compute in half precision,
# which nibble runs in single precision.
TOLERANCE = {"single": 1e-4, "half": 2e-2}


def save(folder, values, first):
    """One tensor per file: input_0.pb or output_0.pb and so on."""
    from onnx import numpy_helper

    os.makedirs(folder, exist_ok=True)
    for index, value in enumerate(values):
        with open(f"{folder}/{first}_{index}.pb", "wb") as file:
            file.write(numpy_helper.from_array(value).SerializeToString())


def finish(model, feeds, outputs=None):
    """Runs ONNX Runtime's float net on the inputs and keeps what it computes, or else what the framework did."""
    import onnxruntime

    folder = os.path.dirname(model)
    name = os.path.relpath(folder, OUT)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    if outputs is None:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        names = [value.name for value in session.get_inputs()]
        outputs = session.run(None, dict(zip(names, feeds)))
    save(f"{folder}/test_data_set_0", feeds, "input")
    save(f"{folder}/test_data_set_0", outputs, "output")
    largest = [float(np.abs(output.astype(np.float64)).max()) for output in outputs if output.size]
    print(f"{name}: largest outputs {', '.join(f'{value:.3g}' for value in largest[:4])}", flush=True)


def input_type(net):
    return next(net.parameters()).dtype


def wanted(name):
    if ONLY and ONLY not in name:
        return False
    if os.path.exists(f"{OUT}/{name}/test_data_set_0/output_0.pb"):
        return False
    os.makedirs(f"{OUT}/{name}", exist_ok=True)
    return True


def attempt(name, work, kind="single"):
    name = f"{kind}/{name}"
    if not wanted(name):
        return
    try:
        work(f"{OUT}/{name}/model.onnx")
    except Exception as error:  # one exporter's failure is no reason to stop the others
        print(f"{name}: NOT EXPORTED: {type(error).__name__}: {str(error)[:200]}", flush=True)
        if os.environ.get("TRACE"):
            traceback.print_exc()


# --- PyTorch ---------------------------------------------------------------------------------------------------------


def import_torchvision():
    import torch

    # A torchvision built for another torch lacks the detection operators, which none of these nets uses.
    register = torch.library.register_fake

    def register_unless_missing(name, *rest, **options):
        def ignore(function):
            return function

        return ignore if name.startswith("torchvision::") else register(name, *rest, **options)

    torch.library.register_fake = register_unless_missing
    import torchvision

    return torchvision


def randomize(net):
    """Batch normalizations with statistics that show a mistake in folding them."""
    import torch

    torch.manual_seed(1)
    for module in net.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.6, 1.6)
            module.weight.data.uniform_(0.6, 1.4)
            module.bias.data.normal_(0, 0.2)
        if type(module).__name__ in ("LayerNorm", "GroupNorm", "InstanceNorm2d", "LayerNorm2d") and module.weight is not None:
            module.weight.data.uniform_(0.6, 1.4)
            module.bias.data.normal_(0, 0.2)
        if hasattr(module, "layer_scale"):
            module.layer_scale.data.uniform_(0.2, 0.6)
    return net.eval()


def own_nets():
    """Architectures that torchvision does not have."""
    import torch
    from torch import nn
    import torch.nn.functional as F

    class Block(nn.Sequential):
        def __init__(self, inputs, outputs, norm):
            layers = []
            for start in (inputs, outputs):
                layers += [nn.Conv2d(start, outputs, 3, padding=1, bias=False), norm(outputs), nn.ReLU(inplace=True)]
            super().__init__(*layers)

    class UNet(nn.Module):
        def __init__(self, norm=nn.BatchNorm2d, transposed=True):
            super().__init__()
            widths = [16, 32, 64, 128]
            self.down = nn.ModuleList(Block(a, b, norm) for a, b in zip([3] + widths, widths))
            up = (lambda a, b: nn.ConvTranspose2d(a, b, 2, stride=2)) if transposed else (
                lambda a, b: nn.Sequential(
                    nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True), nn.Conv2d(a, b, 1)))
            self.up = nn.ModuleList(up(b, a) for a, b in zip(widths[-2::-1], widths[:0:-1]))
            self.after = nn.ModuleList(Block(2 * a, a, norm) for a in widths[-2::-1])
            self.head = nn.Conv2d(widths[0], 5, 1)

        def forward(self, x):
            kept = []
            for index, block in enumerate(self.down):
                x = block(x if index == 0 else F.max_pool2d(x, 2))
                kept.append(x)
            for up, after, skip in zip(self.up, self.after, kept[-2::-1]):
                x = up(x)
                # Odd sizes leave a border, as in the original.
                dy, dx = skip.shape[2] - x.shape[2], skip.shape[3] - x.shape[3]
                x = F.pad(x, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])
                x = after(torch.cat([skip, x], 1))
            return self.head(x)

    def conv(a, b, k=1, s=1):
        return nn.Sequential(nn.Conv2d(a, b, k, s, k // 2, bias=False), nn.BatchNorm2d(b), nn.SiLU())

    class CSP(nn.Module):
        def __init__(self, a, b):
            super().__init__()
            self.first, self.last = conv(a, b), conv(3 * b // 2, b)
            self.inner = nn.Sequential(conv(b // 2, b // 2, 3), conv(b // 2, b // 2, 3))

        def forward(self, x):
            left, right = self.first(x).chunk(2, 1)
            return self.last(torch.cat([left, right, right + self.inner(right)], 1))

    class Yolo(nn.Module):
        """Backbone, SPPF, a path down and a head whose boxes are decoded in the net."""

        def __init__(self, decodes=True):
            super().__init__()
            self.stem = nn.Sequential(conv(3, 16, 3, 2), conv(16, 32, 3, 2), CSP(32, 32))
            self.p3 = nn.Sequential(conv(32, 64, 3, 2), CSP(64, 64))
            self.p4 = nn.Sequential(conv(64, 128, 3, 2), CSP(128, 128))
            self.sppf = nn.ModuleList([conv(128, 64), conv(256, 128)])
            self.lateral = CSP(192, 64)
            self.heads = nn.ModuleList(nn.Conv2d(c, 3 * 15, 1) for c in (64, 128))
            self.decodes = decodes

        def forward(self, x):
            three = self.p3(self.stem(x))
            four = self.sppf[0](self.p4(three))
            pools = [four]
            for _ in range(3):
                pools.append(F.max_pool2d(pools[-1], 5, 1, 2))
            four = self.sppf[1](torch.cat(pools, 1))
            three = self.lateral(torch.cat([F.interpolate(four, scale_factor=2, mode="nearest"), three], 1))
            raw = [head(part) for head, part in zip(self.heads, (three, four))]
            if not self.decodes:
                return tuple(raw)
            boxes = []
            for part, stride in zip(raw, (8, 16)):
                n, _, h, w = part.shape
                y = part.view(n, 3, 15, h, w).permute(0, 1, 3, 4, 2).sigmoid()
                rows, columns = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
                grid = torch.stack([columns, rows], 2).view(1, 1, h, w, 2).float()
                centre = (y[..., :2] * 2 - 0.5 + grid) * stride
                size = (y[..., 2:4] * 2) ** 2 * torch.tensor([10.0, 13.0, 16.0, 30.0, 33.0, 23.0]).view(1, 3, 1, 1, 2)
                boxes.append(torch.cat([centre, size, y[..., 4:]], -1).view(n, -1, 15))
            return torch.cat(boxes, 1)

    return {
        "unet": (UNet(), 100),
        "unet-instance": (UNet(lambda c: nn.InstanceNorm2d(c, affine=True)), 96),
        "unet-group": (UNet(lambda c: nn.GroupNorm(4, c), transposed=False), 96),
        "yolo": (Yolo(), 160),
        "yolo-raw": (Yolo(decodes=False), 160),
    }


def export_torch():
    import torch
    import warnings

    warnings.filterwarnings("ignore")
    torchvision = import_torchvision()
    models = torchvision.models
    sizes = {"inception_v3": 299, "convnext_tiny": 224, "vit_b_32": 224}
    classification = [
        "resnet18", "resnet50", "vgg11_bn", "mobilenet_v2", "mobilenet_v3_small", "efficientnet_b0", "densenet121",
        "squeezenet1_1", "shufflenet_v2_x1_0", "googlenet", "inception_v3", "mnasnet0_5", "regnet_y_400mf",
        "regnet_x_400mf", "convnext_tiny", "resnext50_32x4d", "alexnet", "efficientnet_v2_s", "vit_b_32", "swin_t",
    ]

    def classifier(name):
        torch.manual_seed(0)
        kind = {"googlenet": dict(aux_logits=False), "inception_v3": dict(aux_logits=False)}.get(name, {})
        if name in ("googlenet", "inception_v3"):
            kind["init_weights"] = True
            return models.get_model(name, weights=None, transform_input=True, **kind)
        return models.get_model(name, weights=None, **kind)

    nets = {name: (lambda name=name: classifier(name), sizes.get(name, 224)) for name in classification}
    nets["lraspp_mobilenet_v3_large"] = (
        lambda: models.segmentation.lraspp_mobilenet_v3_large(weights=None, weights_backbone=None), 128)
    nets["deeplabv3_mobilenet_v3_large"] = (
        lambda: models.segmentation.deeplabv3_mobilenet_v3_large(weights=None, weights_backbone=None), 128)
    for name, (net, size) in own_nets().items():
        nets[name] = (lambda net=net: net, size)

    class FirstOutput(torch.nn.Module):
        def __init__(self, net):
            super().__init__()
            self.net = net

        def forward(self, x):
            return self.net(x)["out"]

    def export(name, variant):
        make, size = nets[name]
        kind, opset = variant.split("-")[:2]
        opset = int(opset)

        def work(path):
            net = randomize(make())
            if name.startswith("vit"):
                # The original starts with a head of zeros.
                torch.nn.init.normal_(net.heads[0].weight, 0, 0.1)
            if name.endswith("_large"):
                net = FirstOutput(net).eval()
            torch.manual_seed(2)
            x = torch.randn(1, 3, size, size)
            if "half" in variant or "double" in variant:
                net = net.half() if "half" in variant else net.double()
                x = x.to(input_type(net))
            with torch.no_grad():
                if kind == "dynamo":
                    torch.onnx.export(
                        net, (x,), path, dynamo=True, opset_version=opset, external_data=True, verbose=False,
                        dynamic_shapes=({0: torch.export.Dim("n", min=1, max=64)},) if "batch" in variant else None)
                else:
                    axes = {"x": {0: "n"}}
                    if "size" in variant:
                        axes["x"].update({2: "h", 3: "w"})
                    torch.onnx.export(
                        net, (x,), path, dynamo=False, opset_version=opset, input_names=["x"],
                        do_constant_folding="folded" in variant,
                        dynamic_axes=axes, training=torch.onnx.TrainingMode.EVAL if "folded" in variant
                        else torch.onnx.TrainingMode.PRESERVE)
            with torch.no_grad():
                # ONNX Runtime has no convolution in double precision.
                outputs = [net(x).numpy()] if "double" in variant else None
            finish(path, [x.numpy()], outputs)

        attempt(f"{name}-{variant}", work, "half" if "half" in variant else "single")

    def export_stored(name, variant, kind):
        """The weights of another export in a shorter type, with a Cast after each."""
        import onnx
        from onnx import TensorProto, helper, numpy_helper

        def work(path):
            source = f"{OUT}/single/{name}-{variant}"
            model = onnx.load(f"{source}/model.onnx")
            wanted = getattr(TensorProto, kind)
            casts = []
            for tensor in model.graph.initializer:
                if tensor.data_type != TensorProto.FLOAT or not tensor.dims:
                    continue
                values = numpy_helper.to_array(tensor)
                full = tensor.name
                tensor.CopyFrom(helper.make_tensor(f"{full}.stored", wanted, values.shape, values.ravel().tolist()))
                casts.append(helper.make_node("Cast", [f"{full}.stored"], [full], to=TensorProto.FLOAT))
            nodes = casts + list(model.graph.node)
            del model.graph.node[:]
            model.graph.node.extend(nodes)
            onnx.save(model, path)
            with open(f"{source}/test_data_set_0/input_0.pb", "rb") as file:
                x = onnx.TensorProto.FromString(file.read())
            finish(path, [numpy_helper.to_array(x)])

        attempt(f"{name}-{variant}-{kind.lower()}", work)

    for opset in (11, 13, 16, 17, 20):
        export("resnet18", f"script-{opset}-raw")
    for opset in (18, 21, 23):
        export("resnet18", f"dynamo-{opset}")
    for index, name in enumerate(nets):
        export(name, f"script-{[17, 13, 11][index % 3] if not name.startswith(('vit', 'swin')) else 17}-raw")
        export(name, f"script-{[11, 17, 13][index % 3] if not name.startswith(('vit', 'swin')) else 14}-folded")
        export(name, f"dynamo-{[18, 20, 22][index % 3]}")
    for name in ("resnet18", "mobilenet_v3_small", "efficientnet_b0", "unet", "lraspp_mobilenet_v3_large", "yolo"):
        export(name, "script-16-raw-size")
    for name in ("mobilenet_v2", "shufflenet_v2_x1_0", "yolo"):
        export(name, "dynamo-18-batch")
    for name in ("resnet18", "mobilenet_v3_small", "unet"):
        export(name, "script-17-folded-half")
        export(name, "script-17-folded-double")
        export(name, "dynamo-18-half")
    for kind in ("FLOAT16", "BFLOAT16"):
        export_stored("resnet18", "script-17-raw", kind)


# --- TensorFlow ------------------------------------------------------------------------------------------------------


def export_keras():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    applications = tf.keras.applications
    nets = {
        "MobileNetV2": 224, "EfficientNetB0": 224, "ResNet50": 224, "NASNetMobile": 224, "MobileNetV3Small": 224,
        "DenseNet121": 224, "Xception": 299, "MobileNet": 224, "ConvNeXtTiny": 224,
    }

    def randomized(name, size):
        tf.keras.utils.set_random_seed(3)
        net = getattr(applications, name)(weights=None, input_shape=(size, size, 3))
        random = np.random.default_rng(4)
        for layer in net.layers:
            if type(layer).__name__ == "BatchNormalization":
                weights = layer.get_weights()
                shape = weights[0].shape
                values = [random.uniform(0.6, 1.4, shape), random.normal(0, 0.2, shape), random.normal(0, 0.2, shape),
                          random.uniform(0.6, 1.6, shape)]
                layer.set_weights([value.astype(np.float32) for value in values[-len(weights):]])
        return net

    for index, (name, size) in enumerate(nets.items()):
        for opset in ([13, 17] if index < 4 else [[15, 18, 13][index % 3]]):
            def work(path):
                net = randomized(name, size)
                with tempfile.TemporaryDirectory() as saved:
                    net.export(saved, verbose=False)
                    subprocess.run(
                        [sys.executable, "-m", "tf2onnx.convert", "--saved-model", saved, "--opset", str(opset),
                         "--output", path], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                x = np.random.default_rng(5).normal(0, 1, (1, size, size, 3)).astype(np.float32)
                finish(path, [x])

            attempt(f"{name}-keras-{opset}", work)


# --- PaddlePaddle ----------------------------------------------------------------------------------------------------


def export_paddle():
    import paddle

    models = paddle.vision.models
    nets = {
        "resnet18": models.resnet18, "mobilenet_v2": models.mobilenet_v2, "mobilenet_v3_small": models.mobilenet_v3_small,
        "shufflenet_v2": models.shufflenet_v2_x1_0, "densenet121": models.densenet121, "googlenet": models.googlenet,
        "squeezenet1_1": models.squeezenet1_1,
    }
    for index, (name, make) in enumerate(nets.items()):
        for opset in ([11, 13, 17] if index == 0 else [[11, 13, 15][index % 3]]):
            def work(path):
                paddle.seed(6)
                net = make(pretrained=False)
                random = np.random.default_rng(7)
                for layer in net.sublayers():
                    if isinstance(layer, paddle.nn.BatchNorm2D) or type(layer).__name__ == "BatchNorm":
                        shape = layer._mean.shape
                        layer._mean.set_value(random.normal(0, 0.2, shape).astype("float32"))
                        layer._variance.set_value(random.uniform(0.6, 1.6, shape).astype("float32"))
                        layer.weight.set_value(random.uniform(0.6, 1.4, shape).astype("float32"))
                        layer.bias.set_value(random.normal(0, 0.2, shape).astype("float32"))
                net.eval()
                spec = [paddle.static.InputSpec([None, 3, 224, 224], "float32", "x")]
                paddle.onnx.export(net, path.removesuffix(".onnx"), input_spec=spec, opset_version=opset)
                x = random.normal(0, 1, (1, 3, 224, 224)).astype(np.float32)
                finish(path, [x])

            attempt(f"{name}-paddle-{opset}", work)


# --- What nibble makes of them ---------------------------------------------------------------------------------------


def median(values):
    return sorted(values)[len(values) // 2]


def onnxruntime_time(folder, repeat):
    """Microseconds of processor time of one run on one thread."""
    import time

    import onnx
    import onnxruntime
    from onnx import numpy_helper

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(f"{folder}/model.onnx", options, providers=["CPUExecutionProvider"])
    feeds = {}
    for index, value in enumerate(session.get_inputs()):
        with open(f"{folder}/test_data_set_0/input_{index}.pb", "rb") as file:
            feeds[value.name] = numpy_helper.to_array(onnx.TensorProto.FromString(file.read()))
    session.run(None, feeds)
    times = []
    for _ in range(repeat):
        start = time.process_time()
        session.run(None, feeds)
        times.append(1e6 * (time.process_time() - start))
    return median(times)


def table(repeat=5):
    program = os.environ["NIBBLE_CONFORMANCE"]
    print("| net | differs by | ms | ONNX Runtime, ms | ratio |\n|---|---|---|---|---|")
    failed = False
    for kind, tolerance in TOLERANCE.items():
        names = sorted(os.listdir(f"{OUT}/{kind}")) if os.path.isdir(f"{OUT}/{kind}") else []
        for name in names:
            folder = f"{OUT}/{kind}/{name}"
            if ONLY not in name or not os.path.exists(f"{folder}/test_data_set_0/output_0.pb"):
                continue
            lines = subprocess.run(
                [program, "--verbose", "--largest", str(tolerance), "--repeat", str(repeat), folder],
                capture_output=True, text=True).stdout.splitlines()
            words = lines[0].split() if lines else ["nothing"]
            if words[0] != "passed":
                failed = failed or words[0] != "skipped"
                print(f"| {name} | {lines[0] if lines else 'no answer'} | | | |", flush=True)
                continue
            own = float(words[-2]) / 1e3
            try:
                other = onnxruntime_time(folder, repeat) / 1e3
                beside = f"{other:.1f} | {own / other:.2f}"
            except Exception:  # ONNX Runtime has no convolution in double precision
                beside = "not run |"
            print(f"| {name} | {float(words[4]):.1e} | {own:.1f} | {beside} |", flush=True)
    return 1 if failed else 0


def main():
    global OUT, ONLY
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory")
    parser.add_argument("framework", choices=["torch", "keras", "paddle", "table"])
    parser.add_argument("--only", default="", help="names that contain this text")
    arguments = parser.parse_args()
    OUT, ONLY = arguments.directory, arguments.only
    work = {"torch": export_torch, "keras": export_keras, "paddle": export_paddle, "table": table}
    return work[arguments.framework]()


if __name__ == "__main__":
    sys.exit(main())

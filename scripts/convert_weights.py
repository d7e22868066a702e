#!/usr/bin/env python3
"""Published PyTorch weights (.pth, .pt, .tar) to safetensors, and back.

  scripts/convert_weights.py --out damsm.safetensors text_encoder.=text_encoder200.pth image_encoder.=image_encoder200.pth
  scripts/convert_weights.py --out netG.safetensors --like mirrorgan_G_bird.txt netG_epoch_600.pth
  scripts/convert_weights.py --out classifier.safetensors --layout torchvision-inception_v3 classifier.=inception_v3.pth
  scripts/convert_weights.py --out netG.pth best.safetensors:netG.

An input is [PREFIX=]FILE[:TAKE]. PREFIX is put before every name (what --damsm, --captioner and --classifier of the
programs expect: text_encoder. image_encoder. caption_cnn. caption_rnn. classifier.), TAKE keeps only the names that
begin with it and cuts it off. Several inputs become one file. The output's suffix decides the direction.

Files are opened with weights_only=True: no code of theirs runs. Both the zip format and the one before PyTorch 1.6 are
read; "module." of DataParallel goes, dictionaries around a state dict are opened (--key chooses where several are).
With --like (a list of `name <tab> [shape]`, or a .safetensors) every missing, unexpected and misshapen tensor is
listed, and nothing is written. Exit status: 0 done, 1 bad input, 2 bad usage, 75 a full disk."""
import argparse
import collections
import io
import json
import os
import re
import sys

from converting import Problem, check_input, check_output, each_once, exit_code, problem_of, read_lines, reading, suffix_of, write_file

SAFETENSORS, TORCH = ".safetensors", (".pth", ".pt", ".tar", ".ckpt", ".bin")
DEEPEST = 50  # mappings in mappings; no file has more than a few


# --- reading ---------------------------------------------------------------------------------------------------------

def is_tensor(value):
    import torch
    return isinstance(value, torch.Tensor)


def state_dicts(value, path="", above=()):
    """Every mapping in `value` that holds tensors, as (path, mapping). `above`: ids of the mappings around it, of which one may be itself."""
    if not isinstance(value, dict) or id(value) in above or len(above) > DEEPEST:
        return []
    inner = [found for name, entry in value.items() for found in state_dicts(entry, f"{path}.{name}".lstrip("."), (*above, id(value)))]
    own = [(path, value)] if any(is_tensor(entry) for entry in value.values()) else []
    return own + inner


def choose(found, key, file):
    every = ", ".join(path or "(top)" for path, _ in found)
    if key is not None:
        found = [one for one in found if one[0] == ("" if key == "(top)" else key)]
    paths = ", ".join(path or "(top)" for path, _ in found)
    if not found:
        raise Problem(f"{file}: holds no state dict" + (f" under '{key}'; those it holds: {every}" if key and every else
                                                        "; is it a weights file?"))
    if len(found) > 1:
        raise Problem(f"{file}: holds several state dicts ({paths}); choose one with --key")
    return found[0][1]


def read_torch(file, key):
    import torch
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises anything from EOFError to RuntimeError on a damaged file
        raise refusal(error, file) from None
    return choose(state_dicts(content), key, file)


def refusal(error, file):
    """Of a file that torch.load does not open: because it would run code, or because it is none of its own."""
    text = str(error)
    if re.search(r"GLOBAL |allowlist|call reduce", text):
        asked = re.search(r"GLOBAL ([\w.]+)|class (?:<class ')?([\w.]+)", text)
        what = next((name for name in asked.groups() if name), "") if asked else ""
        return Problem(f"{file}: needs code to be opened{' (' + what + ')' if what else ''}: not a plain state dict; save model.state_dict() instead")
    remedy = "; it is damaged (download it again), or not what torch.save(model.state_dict(), FILE) writes"
    if told := re.search(r"WeightsUnpickler error:\s*(.+)", text) or re.match(r"(.+?)\. (?=[A-Z])", text):
        return Problem(f"{file}: cannot be read as PyTorch weights: {told[1]}{remedy}")
    return problem_of(error, f"{file}: cannot be read as PyTorch weights", remedy)


def read_safetensors(file):
    from safetensors import safe_open
    with reading(file), safe_open(file, "pt") as content:
        return {name: content.get_tensor(name) for name in content.keys()}


def without_data_parallel(tensors):
    if not all(name.startswith("module.") for name in tensors):
        return tensors
    return {name[len("module."):]: tensor for name, tensor in tensors.items()}


def take(tensors, prefix, file):
    if not prefix:
        return tensors
    taken = {name[len(prefix):]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    if not taken:
        raise Problem(f"{file}: no name begins with '{prefix}'; the first is '{next(iter(tensors), '')}'")
    return taken


def read(file, key):
    check_input(file)
    content = read_safetensors(file) if suffix_of(file) == SAFETENSORS else read_torch(file, key)
    dropped = [str(name) for name, value in content.items() if not is_tensor(value)]
    if dropped:
        print(f"{file}: not tensors, left out: {', '.join(dropped)}", file=sys.stderr)
    return without_data_parallel(each_once(((str(name), value) for name, value in content.items() if is_tensor(value)), file))


# --- layouts ---------------------------------------------------------------------------------------------------------

def plain(name):
    return name


def torchvision_inception(name):
    """Our trunk has torchvision's names and no auxiliary classifier."""
    return None if name.startswith("AuxLogits.") else name


def torchvision_resnet(name):
    """torchvision's names as nn.Sequential over its children has them, which is what CAPTION_CNN was saved under."""
    head, _, rest = name.partition(".")
    children = {"conv1": "0", "bn1": "1", "layer1": "4", "layer2": "5", "layer3": "6", "layer4": "7", "fc": "fc"}
    return f"{children.get(head, head)}.{rest}"


LAYOUTS = {"plain": plain, "torchvision-inception_v3": torchvision_inception,
           "torchvision-resnet152": torchvision_resnet}


def lay_out(tensors, layout, file):
    renamed = ((LAYOUTS[layout](name), tensor) for name, tensor in tensors.items())
    return each_once(((name, tensor) for name, tensor in renamed if name is not None), file, f" in the layout {layout}")


# --- comparing -------------------------------------------------------------------------------------------------------

def wanted_shapes(file):
    """{name: shape} of a list file (name, shape; tab or blanks between) or of a .safetensors."""
    if suffix_of(file) == SAFETENSORS:
        check_input(file)
        return {name: list(tensor.shape) for name, tensor in read_safetensors(file).items()}
    lines = [(number, line) for number, line in enumerate(read_lines(file), 1) if line.strip() and not line.startswith("#")]
    return each_once((name_and_shape(line, f"{file}:{number}") for number, line in lines), file)


def name_and_shape(line, where):
    match = re.match(r"(\S+)\s+\[((?:\d+(?:, *\d+)*,?)?)\]", line)
    if not match:
        raise Problem(f"{where}: is not `name [shape]`")
    return match[1], [int(size) for size in match[2].split(",") if size]


def may_be_missing(name):
    return name.endswith("num_batches_tracked")  # weights from before PyTorch 0.4.1 lack it


def mismatches(tensors, wanted):
    lines = []
    for name, shape in wanted.items():
        if name in tensors:
            if list(tensors[name].shape) != shape:
                lines.append(f"{name} is {list(tensors[name].shape)}, expected {shape}")
        elif not may_be_missing(name):
            lines.append(f"missing {name} {shape}")
    return lines + [f"unexpected {name} {list(tensor.shape)}" for name, tensor in tensors.items() if name not in wanted]


# --- writing ---------------------------------------------------------------------------------------------------------

DTYPES = frozenset({"float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"})


def as_record(name, tensor):
    import torch
    dtype = str(tensor.dtype).removeprefix("torch.")
    if dtype not in DTYPES:
        raise Problem(f"{name}: {dtype} has no place in safetensors")
    if tensor.layout is not torch.strided or tensor.is_meta:
        raise Problem(f"{name}: is {'without numbers' if tensor.is_meta else tensor.layout}, which has no place in safetensors: save tensor.to_dense() instead")
    data = tensor.detach().cpu().contiguous()
    # reshape: view(dtype) refuses scalars.
    return {"dtype": dtype, "shape": list(data.shape), "data": data.reshape(-1).view(torch.uint8).numpy().tobytes()}


def safetensors_of(tensors, source):
    from safetensors import serialize
    return serialize({name: as_record(name, tensor) for name, tensor in tensors.items()}, {"format": "pt", "source": json.dumps(source)})


def torch_file_of(tensors, legacy):
    import torch
    out = io.BytesIO()
    torch.save(collections.OrderedDict((name, tensor.clone()) for name, tensor in tensors.items()), out, _use_new_zipfile_serialization=not legacy)
    return out.getbuffer()


def write(file, tensors, source, legacy):
    write_file(file, safetensors_of(tensors, source) if suffix_of(file) == SAFETENSORS else torch_file_of(tensors, legacy))


# --- command line ----------------------------------------------------------------------------------------------------

def split_input(text):
    """PREFIX=FILE:TAKE, each end optional. What is an existing file by itself is one, whatever its name holds."""
    if os.path.isfile(text):
        return "", text, ""
    for prefix, file in [("", text)] + [(text[:at], text[at + 1:]) for at, sign in enumerate(text) if sign == "="]:
        if prefix and not re.fullmatch(r"[\w.]*", prefix):
            break
        head, _, tail = file.rpartition(":")
        if os.path.isfile(file):
            return prefix, file, ""
        if os.path.isfile(head) and re.fullmatch(r"[\w.]+", tail):
            return prefix, head, tail
    if not (match := re.fullmatch(r"(?:([\w.]*)=)?(.+?)(?::([\w.]+))?", text, re.DOTALL)):
        raise Problem("the name of an input is empty")
    return match[1] or "", match[2], match[3] or ""


def gather(arguments):
    tensors = {}
    for text in arguments.inputs:
        prefix, file, prefix_to_take = split_input(text)
        if not os.path.exists(file):
            read_as = [f"PREFIX '{prefix}'"] * bool(prefix) + [f"FILE '{file}'"] + [f"TAKE '{prefix_to_take}'"] * bool(prefix_to_take)
            raise Problem(f"{text}: no such file" + (f" (read as {', '.join(read_as)})" if len(read_as) > 1 else ""))
        part = lay_out(take(read(file, arguments.key), prefix_to_take, file), arguments.layout, file)
        together = [*tensors.items(), *((prefix + name, tensor) for name, tensor in part.items())]
        tensors = each_once(together, file, "; give the inputs different prefixes")
    return tensors


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inputs", nargs="+", metavar="[PREFIX=]FILE[:TAKE]")
    parser.add_argument("--out", required=True, help="a .safetensors, or a .pth")
    parser.add_argument("--key", help="path of the state dict inside a wrapped file, such as netG")
    parser.add_argument("--layout", choices=LAYOUTS, default="plain", help="whose names the inputs have")
    parser.add_argument("--like", help="names and shapes that the result must have")
    parser.add_argument("--legacy", action="store_true", help="write .pth in the format before PyTorch 1.6")
    return parser.parse_args(arguments)


def has_plain_numbers(tensor):
    import torch
    return tensor.dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16) and tensor.layout is torch.strided and not tensor.is_meta


def tell_what_is_not_finite(tensors):
    """A diverged training's weights have their form; masks may be infinite on purpose."""
    found = [name for name, tensor in tensors.items() if has_plain_numbers(tensor) and not tensor.isfinite().all()]
    if found:
        print(f"convert_weights: {len(found)} tensors have numbers that are not finite, {found[0]} the first", file=sys.stderr)


def run(arguments):
    check_output(arguments.out, (SAFETENSORS, *TORCH), [split_input(text)[1] for text in arguments.inputs])
    tensors = gather(arguments)
    tell_what_is_not_finite(tensors)
    if arguments.like:
        lines = mismatches(tensors, wanted_shapes(arguments.like))
        if lines:
            raise Problem(f"{len(lines)} tensors differ from {arguments.like}:\n  " + "\n  ".join(lines))
    write(arguments.out, tensors, [os.path.basename(text) for text in arguments.inputs], arguments.legacy)
    print(f"{arguments.out}: {len(tensors)} tensors, {sum(tensor.numel() for tensor in tensors.values())} numbers")


def main(arguments=None):
    options = parse(arguments)
    return exit_code("convert_weights", lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())

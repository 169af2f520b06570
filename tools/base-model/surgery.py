"""
Stage `surgery`: the starting weights, cut out of SmolLM2-135M's own file.

Which layers go is measured: the loss on corpus text with each layer left out, and then the loss of a few whole
choices, since what two layers do is not the sum of what each does. Kept weights are copied block by block, so
nothing is rounded a second time and the file stays at five bits a weight.
"""
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from gguf import GGUFReader
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor

from blocks import decode
from model import Decoder, Shape, angles, load_blocks, write_whole
from vocabulary import original_tokenizer

names = {
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
}  # fmt: skip


def read_tokenizer(gguf: Path) -> Tokenizer:
    fields = GGUFReader(gguf).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    return original_tokenizer(tokens, fields["tokenizer.ggml.merges"].contents())


def read_weights(gguf: Path, rows: list[int] | None) -> dict[str, Tensor]:
    """All tensors under their new names, matrices as the bytes of their blocks; of the embedding the given rows."""
    reader = GGUFReader(gguf)
    heads = {"attn_q": 9, "attn_k": 3}
    weights: dict[str, Tensor] = {}
    for tensor in reader.tensors:
        data = torch.from_numpy(np.array(tensor.data))
        if tensor.name == "token_embd.weight":
            weights["embed_tokens.weight"] = data if rows is None else data[rows]
        elif tensor.name == "output_norm.weight":
            weights["norm.weight"] = data
        else:
            _, layer, part, _ = tensor.name.split(".")
            if part in heads:
                # GGUF pairs neighbouring rows for its rotation; Hugging Face pairs the halves of a head.
                data = data.view(heads[part], -1, 2, data.shape[1]).transpose(1, 2).reshape(data.shape)
            weights[f"layers.{layer}.{names[part]}.weight"] = data
    return weights


def decoder_of(weights: dict[str, Tensor]) -> Decoder:
    layers = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("layers."))
    decoder = Decoder(Shape(weights["embed_tokens.weight"].shape[0], layers))
    shapes = decoder.state_dict()
    decoder.load_state_dict({
        name: decode(data, shapes[name].shape[1]) if data.dtype == torch.uint8 else data for name, data in weights.items()
    })  # fmt: skip
    return decoder


@torch.inference_mode()
def loss_of(decoder: Decoder, ids: Tensor, layers: list[int], hidden: Tensor | None = None) -> float:
    """Nats a token with these layers alone; `hidden`, if given, is what stands before the first of them."""
    x = decoder.embed_tokens(ids) if hidden is None else hidden
    cos, sin = angles(ids.shape[1], decoder.shape, ids.device)
    for index in layers:
        x = decoder.layers[index](x, cos, sin)
    logits = F.linear(decoder.norm(x[:, :-1]), decoder.embed_tokens.weight)
    return F.cross_entropy(logits.flatten(0, 1).float(), ids[:, 1:].flatten()).item()


@torch.inference_mode()
def losses_without_each(decoder: Decoder, ids: Tensor) -> list[float]:
    """What stands before a layer is computed once, so the whole costs half of what it seems."""
    count = len(decoder.layers)
    cos, sin = angles(ids.shape[1], decoder.shape, ids.device)
    x, losses = decoder.embed_tokens(ids), []
    for index in range(count):
        losses.append(loss_of(decoder, ids, list(range(index + 1, count)), x))
        print(f"without layer {index:2}: {losses[-1]:.4f} nats a token", flush=True)
        x = decoder.layers[index](x, cos, sin)
    return losses


def choices(losses: list[float], keep: int) -> dict[str, list[int]]:
    """Layers to keep, ascending: by single losses, one run left out wherever, and every other of the middle."""
    count = len(losses)
    drop = count - keep
    by_loss = sorted(sorted(range(count), key=lambda i: -losses[i])[:keep])
    found = {"dearest alone": by_loss}
    for end in (1, 2, 4):  # The run ends so many layers before the last (Gromov et al., arXiv 2403.17887).
        found[f"a run left out, {end} after it"] = [i for i in range(count) if not count - end - drop <= i < count - end]
    middle = np.linspace(2, count - 3, drop).round().astype(int)
    found["spread out"] = [i for i in range(count) if i not in set(middle.tolist())]
    return found


def cut(gguf: Path, tokenizer: Tokenizer, rows: list[int], text_ids: list[int], keep: int, out: Path) -> None:
    """Writes the file of blocks `out` and, beside it, what was measured, `out` with the ending `.json`."""
    weights = read_weights(gguf, rows)
    # Half the bits say which layers matter as well, and many processors multiply them faster.
    decoder = decoder_of(weights).bfloat16()
    decoder.stream_type = torch.bfloat16
    ids = torch.tensor(text_ids[: len(text_ids) // 512 * 512]).view(-1, 512)
    count = len(decoder.layers)
    losses = losses_without_each(decoder, ids)
    tried = {name: (loss_of(decoder, ids, layers), layers) for name, layers in choices(losses, keep).items()}
    for name, (loss, layers) in tried.items():
        print(f"{name}: {loss:.4f} with {layers}")
    name, (loss, layers) = min(tried.items(), key=lambda item: item[1][0])
    report = {"tokens": ids.numel(), "whole": loss_of(decoder, ids, list(range(count))), "without each": losses,
              "choices": tried, "chosen": name}  # fmt: skip
    out.with_suffix(".json").write_text(json.dumps(report, indent=1))

    kept = {name: data for name, data in weights.items() if not name.startswith("layers.")}
    for new, old in enumerate(layers):
        prefix = f"layers.{old}."
        kept |= {f"layers.{new}.{name.removeprefix(prefix)}": data for name, data in weights.items() if name.startswith(prefix)}
    shape = Shape(len(rows), keep)
    metadata = {"shape": json.dumps(asdict(shape))}
    contiguous = {name: data.contiguous() for name, data in sorted(kept.items())}
    write_whole(out, lambda partial: save_file(contiguous, partial, metadata))
    load_blocks(out)

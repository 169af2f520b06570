"""
Stages `layers` and `surgery`: which layers of SmolLM2-135M stay, and the starting weights, cut out of its own file.

Which layers go is measured: the loss on corpus text with each layer left out, and then the loss of a few whole
choices, since what two layers do is not the sum of what each does. What was measured is committed, as versions of
packages are: losses differ a little from processor to processor, and the cut is to be the same everywhere. Kept
weights are copied block by block, so nothing is rounded a second time and the file stays at five bits a weight.
"""
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from gguf import GGUFReader, dequantize
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor

from blocks import decode
from model import Decoder, Shape, angles, load_blocks, write_whole
from vocabulary import original_tokenizer, qwen_tokenizer

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


def read_qwen(gguf: Path) -> Decoder:
    """Qwen2's shape, unrounded from whatever blocks the file has. Embedding and head are one matrix there, stored twice:
    the finer copy is taken for both."""
    reader = GGUFReader(gguf)
    tensors = {tensor.name: tensor for tensor in reader.tensors}

    def field(name: str):
        return reader.fields[f"qwen2.{name}"].contents()

    shape = Shape(len(tensors["token_embd.weight"].data), field("block_count"), field("embedding_length"),
                  field("feed_forward_length"), field("attention.head_count"), field("attention.head_count_kv"),
                  field("rope.freq_base"), field("attention.layer_norm_rms_epsilon"), attention_bias=True)  # fmt: skip
    state = {}
    for name, tensor in tensors.items():
        _, layer, part, kind = name.split(".") if name.startswith("blk.") else ("", "", name.split(".")[0], "weight")
        new = {"token_embd": None, "output": "embed_tokens", "output_norm": "norm"}.get(part, f"layers.{layer}.{names.get(part)}")
        if part == "token_embd" and "output.weight" not in tensors:
            new = "embed_tokens"
        if new is not None:
            state[f"{new}.{kind}"] = torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).astype(np.float32))
    with torch.device("meta"):
        decoder = Decoder(shape)
    decoder.load_state_dict(state, assign=True)
    return decoder


def read_qwen_tokenizer(gguf: Path) -> Tokenizer:
    fields = GGUFReader(gguf).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    return qwen_tokenizer(tokens, fields["tokenizer.ggml.merges"].contents())


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
def losses_without_each(decoder: Decoder, ids: Tensor, layers: list[int], tried: set[int]) -> dict[int, float]:
    """Nats a token with all of `layers` but one, by that one, for those in `tried`. What stands before a layer is
    computed once, so the whole costs half of what it seems."""
    cos, sin = angles(ids.shape[1], decoder.shape, ids.device)
    x, losses = decoder.embed_tokens(ids), {}
    for at, index in enumerate(layers):
        if index in tried:
            losses[index] = loss_of(decoder, ids, layers[at + 1 :], x)
        x = decoder.layers[index](x, cos, sin)
    return losses


def one_after_another(decoder: Decoder, ids: Tensor, losses: dict[int, float], keep: int, tried: int = 12) -> list[int]:
    """Leaves out the layer that is missed least, measures again, and so on; only those `tried` that were missed least
    when they were last measured are measured again."""
    layers, last = list(losses), dict(losses)
    while len(layers) > keep:
        last |= losses_without_each(decoder, ids, layers, set(sorted(layers, key=last.__getitem__)[:tried]))
        least = min(layers, key=last.__getitem__)
        layers.remove(least)
        print(f"{len(layers)} layers, without {least:2}: {last[least]:.4f} nats a token", flush=True)
    return layers


def choices(losses: dict[int, float], keep: int) -> dict[str, list[int]]:
    """Layers to keep, ascending: by single losses, one run left out wherever, and every other of the middle."""
    count = len(losses)
    drop = count - keep
    by_loss = sorted(sorted(losses, key=lambda i: -losses[i])[:keep])
    found = {"dearest alone": by_loss}
    for end in (1, 2, 4):  # The run ends so many layers before the last (Gromov et al., arXiv 2403.17887).
        found[f"a run left out, {end} after it"] = [i for i in range(count) if not count - end - drop <= i < count - end]
    middle = np.linspace(2, count - 3, drop).round().astype(int)
    found["spread out"] = [i for i in range(count) if i not in set(middle.tolist())]
    return found


def choose(gguf: Path, rows: list[int], ids: Tensor, keep: int) -> dict:
    """What was measured on `ids` [B, T], and the best choice. The search itself sees a part of them, one row in eight."""
    # Half the bits say which layers matter as well, and many processors multiply them faster.
    decoder = decoder_of(read_weights(gguf, rows)).bfloat16()
    decoder.stream_type = torch.bfloat16
    layers = list(range(len(decoder.layers)))
    losses = losses_without_each(decoder, ids, layers, set(layers))
    print("\n".join(f"without layer {index:2}: {loss:.4f} nats a token" for index, loss in losses.items()), flush=True)
    found = {**choices(losses, keep), "one after another": one_after_another(decoder, ids[::8], losses, keep)}
    tried = {name: {"loss": loss_of(decoder, ids, kept), "kept": kept} for name, kept in found.items()}
    chosen = min(tried, key=lambda name: tried[name]["loss"])
    whole = loss_of(decoder, ids, layers)
    return {"tokens": ids.numel(), "whole": whole, "without each": list(losses.values()), "choices": tried, "chosen": chosen}


def cut(gguf: Path, rows: list[int], layers: list[int], out: Path) -> None:
    """Writes the file of blocks `out` with these layers and these rows of the embedding."""
    weights = read_weights(gguf, rows)
    kept = {name: data for name, data in weights.items() if not name.startswith("layers.")}
    for new, old in enumerate(layers):
        prefix = f"layers.{old}."
        kept |= {f"layers.{new}.{name.removeprefix(prefix)}": data for name, data in weights.items() if name.startswith(prefix)}
    metadata = {"shape": json.dumps(asdict(Shape(len(rows), len(layers))))}
    contiguous = {name: data.contiguous() for name, data in sorted(kept.items())}
    write_whole(out, lambda partial: save_file(contiguous, partial, metadata))
    load_blocks(out)

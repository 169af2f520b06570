"""
The decoder that is trained: Llama's shape in plain PyTorch, with the names that Hugging Face gives its weights.

B batch, T tokens, D width, V vocabulary, L layers, H query heads, K key and value heads, d head size, F feed-forward.
It has no cache and generates nothing: evaluation loads the folder that `write_folder` makes with transformers.
"""
import json
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from blocks import decode, encode, rounded


Memory = list[Tensor]  # Of one layer: nothing yet, or keys and values [B, K, C, d].


@dataclass(frozen=True)
class Shape:
    vocab_size: int
    num_hidden_layers: int
    hidden_size: int = 576
    intermediate_size: int = 1536
    num_attention_heads: int = 9
    num_key_value_heads: int = 3
    rope_theta: float = 100_000.0
    rms_norm_eps: float = 1e-5
    attention_bias: bool = False  # Of queries, keys and values, as Qwen2 has it.

    @property
    def head_size(self) -> int:
        return self.hidden_size // self.num_attention_heads


class Norm(nn.Module):
    """Root mean square norm, counted in float32 whatever comes in."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(shape.hidden_size))
        self.epsilon = shape.rms_norm_eps

    def forward(self, x: Tensor) -> Tensor:
        wide = x.float()
        return (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.epsilon) * self.weight).to(x.dtype)


class Layer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        D, d = shape.hidden_size, shape.head_size
        self.shape = shape
        self.input_layernorm = Norm(shape)
        self.post_attention_layernorm = Norm(shape)
        linear = {
            "self_attn.q_proj": (D, shape.num_attention_heads * d),
            "self_attn.k_proj": (D, shape.num_key_value_heads * d),
            "self_attn.v_proj": (D, shape.num_key_value_heads * d),
            "self_attn.o_proj": (shape.num_attention_heads * d, D),
            "mlp.gate_proj": (D, shape.intermediate_size),
            "mlp.up_proj": (D, shape.intermediate_size),
            "mlp.down_proj": (shape.intermediate_size, D),
        }
        self.self_attn, self.mlp = nn.Module(), nn.Module()
        for name, (inputs, outputs) in linear.items():
            part, leaf = name.split(".")
            setattr(getattr(self, part), leaf, Linear(inputs, outputs, bias=shape.attention_bias and leaf[0] in "qkv"))

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, memory: Memory | None = None) -> Tensor:
        s, attention = self.shape, self.self_attn
        B, T, _ = x.shape
        normed = self.input_layernorm(x)  # [B, T, D]
        q = attention.q_proj(normed).view(B, T, s.num_attention_heads, s.head_size).transpose(1, 2)  # [B, H, T, d]
        k = attention.k_proj(normed).view(B, T, s.num_key_value_heads, s.head_size).transpose(1, 2)  # [B, K, T, d]
        v = attention.v_proj(normed).view(B, T, s.num_key_value_heads, s.head_size).transpose(1, 2)  # [B, K, T, d]
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        if memory is not None:
            k, v = remembered(memory, k, v)
        if x.is_cuda and memory is None:
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)  # [B, H, T, d]
        else:
            mixed = attended(q, *(each.repeat_interleave(s.num_attention_heads // s.num_key_value_heads, 1) for each in (k, v)))
        x = x + attention.o_proj(mixed.transpose(1, 2).reshape(B, T, -1))
        normed = self.post_attention_layernorm(x)
        return x + self.mlp.down_proj(F.silu(self.mlp.gate_proj(normed)) * self.mlp.up_proj(normed))


def attended(q: Tensor, k: Tensor, v: Tensor, block: int = 256) -> Tensor:
    """Causal attention of q [B, H, T, d] to k, v [B, H, C + T, d], C of them before the first query, a block of queries
    at a time with no keys behind it. Compiled, it takes a processor half as long as PyTorch's own kernel, most of all
    backward."""
    q, mixed, before = q / math.sqrt(q.shape[3]), [], k.shape[2] - q.shape[2]
    for start in range(0, q.shape[2], block):
        end = min(start + block, q.shape[2])
        seen = before + end
        unseen = torch.full((end - start, seen), -math.inf, device=q.device).triu(before + start + 1)  # [block, seen]
        scores = (q[:, :, start:end] @ k[:, :, :seen].transpose(-1, -2)).float() + unseen  # [B, H, block, seen]
        mixed.append(torch.softmax(scores, -1).to(v.dtype) @ v[:, :, :seen])  # [B, H, block, d]
    return torch.cat(mixed, 2)


def remembered(memory: Memory, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """Keys and values [B, K, C + T, d] behind those that the memory has; an empty memory takes these."""
    if memory:
        return torch.cat([memory[0], k], 2), torch.cat([memory[1], v], 2)
    memory.extend((k, v))
    return k, v


class Linear(nn.Linear):
    """A matrix that is seen, while `kind` is set, as it will be once it has been rounded to those blocks."""

    kind: str | None = None

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight if self.kind is None else rounded(self.weight, self.kind), self.bias)


class Decoder(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.kind: str | None = None
        self.stream_type = torch.float32  # Of what layers add to; narrower is faster where memory is slow.
        self.embed_tokens = nn.Embedding(shape.vocab_size, shape.hidden_size)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.num_hidden_layers))
        self.norm = Norm(shape)

    def forward(self, ids: Tensor) -> Tensor:
        """Ids [B, T] to logits [B, T, V]; the head is the embedding."""
        return F.linear(self.states(ids), self.table)

    def states(self, ids: Tensor, memories: list[Memory] | None = None) -> Tensor:
        """Ids [B, T] to what the head reads [B, T, D]. Of `memories`, one a layer, empty ones keep what is read here
        and full ones are what was read before."""
        x = F.embedding(ids, self.table).to(self.stream_type)  # [B, T, D]
        before = memories[0][0].shape[2] if memories and memories[0] else 0
        cos, sin = (angle[before:] for angle in angles(before + ids.shape[1], self.shape, ids.device))
        for i, layer in enumerate(self.layers):
            x = layer(x, cos, sin) if memories is None else layer(x, cos, sin, memories[i])
        return self.norm(x)

    @property
    def table(self) -> Tensor:
        """The embedding [V, D], as it is seen."""
        weight = self.embed_tokens.weight
        return weight if self.kind is None else rounded(weight, self.kind)

    def round_weights(self, kinds: dict[str, str] | None) -> None:
        """From now on weights are seen as blocks of these kinds, or again as they are."""
        self.kind = kinds and kinds["embedding"]
        for name, module in self.named_modules():
            if isinstance(module, Linear):
                module.kind = kinds and kinds["matrix"]


def angles(T: int, shape: Shape, device: torch.device) -> tuple[Tensor, Tensor]:
    d = shape.head_size
    frequencies = shape.rope_theta ** (-torch.arange(0, d, 2, device=device, dtype=torch.float32) / d)  # [d / 2]
    angle = torch.arange(T, device=device, dtype=torch.float32)[:, None] * frequencies  # [T, d / 2]
    angle = torch.cat([angle, angle], dim=1)  # [T, d]
    return angle.cos(), angle.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    left, right = x.chunk(2, dim=-1)
    return (x * cos + torch.cat([-right, left], dim=-1) * sin).to(x.dtype)


# How weights ship: about five bits each, and what every token passes through a little finer.
shipped = {"matrix": "Q4_1", "embedding": "Q5_1"}


def save_blocks(decoder: Decoder, path: Path, kinds: dict[str, str] = shipped) -> None:
    """Writes the weights rounded, `[outputs, bytes]` each; norms stay float32."""
    state = {name: tensor.detach().cpu() for name, tensor in decoder.state_dict().items()}
    for name, tensor in state.items():
        if tensor.dim() == 2:
            state[name] = encode(tensor, kinds["embedding" if name == "embed_tokens.weight" else "matrix"])
    write_whole(path, lambda partial: save_file(state, partial, {"shape": json.dumps(asdict(decoder.shape))}))


def load_blocks(path: Path) -> Decoder:
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        shape = Shape(**json.loads(file.metadata()["shape"]))
    decoder = Decoder(shape)
    wanted = decoder.state_dict()
    state = {name: decode(tensor, wanted[name].shape[1]) if tensor.dtype == torch.uint8 else tensor
             for name, tensor in load_file(path).items()}  # fmt: skip
    decoder.load_state_dict(state)
    return decoder


def write_folder(decoder: Decoder, tokenizer: Tokenizer, folder: Path, dtype: torch.dtype = torch.bfloat16) -> None:
    """A Hugging Face folder, as transformers and `hone import` read it."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {f"model.{name}": tensor.detach().cpu().to(dtype).contiguous() for name, tensor in decoder.state_dict().items()}
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "attention_bias": False,
        "mlp_bias": False, "tie_word_embeddings": True, "max_position_embeddings": 2048, "bos_token_id": 0,
        "eos_token_id": 0, "torch_dtype": str(dtype).removeprefix("torch."), **asdict(decoder.shape),
    }  # fmt: skip
    names = {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "add_bos_token": False,
             "tokenizer_class": "PreTrainedTokenizerFast"}  # fmt: skip
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    (folder / "tokenizer_config.json").write_text(json.dumps(names, indent=1))
    tokenizer.save(str(folder / "tokenizer.json"))


def write_whole(path: Path, write) -> None:
    """A file appears under its name only when it is whole."""
    partial = path.with_suffix(".partial")
    write(partial)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.rename(path)

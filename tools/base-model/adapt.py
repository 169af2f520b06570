"""
Stage `adapt`: what the shipped policy knows beyond SmolLM2-135M. Its own weights stay as they are; low-rank changes
of all its matrices (LoRA, arXiv 2106.09685) are trained on rows as Hone asks (adapt_rows.py): paths, code of the same
package that is like the code at the cursor, holes whose end is told first (arXiv 2207.14255). Two cores that multiply
in bf16 read about 400 tokens a second, with AMX 850 and more: 1.4 M or 3 M in an hour. As in `train`, the clock is the
schedule's measure.

B rows, T tokens, D width, V vocabulary, N outputs and K inputs of a matrix, r rank.
"""
import json
import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from adapt_rows import Marks, Row, asked, length, rows, written
from model import Decoder, Linear, write_whole
from train import on_signal

kinds = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")


@dataclass(frozen=True)
class Plan:
    seconds: float
    batch: int = 4  # Rows a step.
    rate: float = 8e-4
    rank: int = 32
    alpha: float = 64
    warm_steps: int = 30
    checkpoint_seconds: float = 300
    seed: int = 1


class LowRank(nn.Module):
    """A frozen matrix [N, K] and what is learned to be added to it, alpha / r B A, seen in bf16."""

    def __init__(self, matrix: Linear, rank: int, alpha: float) -> None:
        super().__init__()
        outputs, inputs = matrix.weight.shape
        self.register_buffer("weight", matrix.weight.detach().bfloat16())
        self.register_buffer("bias", None if matrix.bias is None else matrix.bias.detach().bfloat16())
        self.a = nn.Parameter(torch.randn(rank, inputs) / math.sqrt(3 * inputs))  # [r, K]
        self.b = nn.Parameter(torch.zeros(outputs, rank))  # [N, r]
        self.scale = alpha / rank

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias) + F.linear(F.linear(x, self.a.to(x.dtype)), (self.scale * self.b).to(x.dtype))


def made_low_rank(decoder: Decoder, rank: int, alpha: float) -> Decoder:
    """The same decoder, of which nothing but the low-rank changes is trained."""
    decoder.requires_grad_(False)
    for module in list(decoder.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, Linear):
                setattr(module, name, LowRank(child, rank, alpha))
    decoder.embed_tokens.bfloat16()
    decoder.stream_type = torch.bfloat16
    return decoder


class Surprise(torch.autograd.Function):
    """Weighted sum of cross entropies of rows [R, D] against a table [V, D], some rows at a time: all logits at once
    would be the largest thing in memory."""

    rows = 1024

    @staticmethod
    def forward(context, x: Tensor, table: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
        total, gradient = torch.zeros(()), torch.empty_like(x)
        for part in (slice(at, at + Surprise.rows) for at in range(0, len(x), Surprise.rows)):
            loss, of_logits = surprise(F.linear(x[part], table), labels[part], weights[part])
            total += loss
            gradient[part] = of_logits @ table
        context.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(context, outer: Tensor):
        (gradient,) = context.saved_tensors
        return (gradient * outer).to(gradient.dtype), None, None, None


def surprise_of(logits: Tensor, labels: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """The sum for logits [R, V], and its gradient."""
    wide = logits.float()
    normaliser = torch.logsumexp(wide, -1, keepdim=True)
    hit = torch.arange(wide.shape[1]) == labels[:, None]
    gradient = (torch.exp(wide - normaliser) - hit.float()) * weights[:, None]
    nats = normaliser.squeeze(1) - wide.gather(1, labels[:, None]).squeeze(1)
    return (nats * weights).sum(), gradient.to(logits.dtype)


surprise = torch.compile(surprise_of)


def adapt(
    decoder: Decoder, tokenizer: Tokenizer, files: list[dict[str, str]], exam: list[dict[str, str]], out: Path, plan: Plan,
    first: Path | None = None,
) -> None:
    """Leaves `state.pt` and `log.jsonl` in `out`; called again it goes on where `state.pt` is. It begins with the
    adapter in the folder `first`, if one is named, whose optimizer is not known any more."""
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(plan.seed)
    made_low_rank(decoder, plan.rank, plan.alpha)
    decoder.layers = nn.ModuleList(torch.compile(layer) for layer in decoder.layers)
    learned = [p for p in decoder.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=plan.rate, betas=(0.9, 0.95), weight_decay=0.01)
    spent, step = resume(out / "state.pt", learned, optimizer)
    if first is not None and step == 0:
        read_adapter(first, learned)
    stream = ahead(rows(files, tokenizer, plan.seed * 1000 + step))
    questions = [row for row, _ in zip(rows(exam, tokenizer, 7), range(24))]
    stop = on_signal()
    print(f"{sum(p.numel() for p in learned):,} weights learn", flush=True)

    with (out / "log.jsonl").open("a") as log:

        def say(**line) -> None:
            log.write(json.dumps(line) + "\n")
            log.flush()
            print(json.dumps(line), flush=True)

        def keep() -> None:
            state = {"learned": [p.data for p in learned], "optimizer": optimizer.state_dict(), "spent": spent, "step": step}
            write_whole(out / "state.pt", lambda partial: torch.save(state, partial))
            say(step=step, spent_s=round(spent), **examined(decoder, questions, plan.batch))

        kept_at = last = time.monotonic()
        while spent < plan.seconds and not stop():
            for group in optimizer.param_groups:
                group["lr"] = plan.rate * min(1, step / plan.warm_steps) * (1 - spent / plan.seconds)
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(decoder, [next(stream) for _ in range(plan.batch)])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(learned, 1.0)
            optimizer.step()
            now = time.monotonic()
            step, spent, took, last = step + 1, spent + now - last, now - last, now
            if step % 20 == 0:
                say(step=step, spent_s=round(spent), loss=round(loss.item(), 4), tokens_per_s=round(plan.batch * (length - 1) / took))
            if now - kept_at > plan.checkpoint_seconds:
                keep()
                kept_at = last = time.monotonic()
        keep()


def loss_of(decoder: Decoder, batch: list[Row]) -> Tensor:
    """Mean nats, by weight, of the tokens that count."""
    ids, weights = torch.tensor([row[0] for row in batch]), torch.tensor([row[1] for row in batch])  # [B, T + 1]
    counts = weights[:, 1:].flatten()  # [B T]
    # Shapes stay the same in every step, whatever counts: else what the allocator keeps for them grows without end.
    states = decoder.states(ids[:, :-1]).flatten(0, 1)  # [B T, D]
    return Surprise.apply(states, decoder.table, ids[:, 1:].flatten(), counts) / counts.sum()


@torch.no_grad()
def examined(decoder: Decoder, questions: list[Row], batch: int) -> dict[str, float]:
    """Nats a token of text, and of what fills holes, in packages that nothing is learned from."""
    sums = {"text": (written, [0.0, 0]), "middle": (asked, [0.0, 0])}
    for at in range(0, len(questions), batch):
        for weight, total in sums.values():
            kept = [(ids, [float(w == weight) for w in weights]) for ids, weights in questions[at : at + batch]]
            count = sum(sum(weights[1:]) for _, weights in kept)
            total[0] += loss_of(decoder, kept).item() * count if count else 0
            total[1] += count
    return {f"held_out_{name}": round(total[0] / max(1, total[1]), 4) for name, (_, total) in sums.items()}


def resume(path: Path, learned: list[nn.Parameter], optimizer: torch.optim.Optimizer) -> tuple[float, int]:
    if not path.exists():
        return 0.0, 0
    state = torch.load(path)
    optimizer.load_state_dict(state["optimizer"])
    for parameter, value in zip(learned, state["learned"], strict=True):
        parameter.data.copy_(value)
    return state["spent"], state["step"]


def ahead(stream: Iterator[Row], count: int = 32) -> Iterator[Row]:
    """The same rows, made while others are learned from."""
    queue: Queue[Row] = Queue(count)

    def fill() -> None:
        for row in stream:
            queue.put(row)

    threading.Thread(target=fill, daemon=True).start()
    while True:
        yield queue.get()


def names(count: int) -> list[str]:
    """What PEFT calls the tensors that are learned, in their order here."""
    return [f"base_model.model.model.layers.{layer}.{kind}.lora_{side}.weight"
            for layer in range(count // (2 * len(kinds))) for kind in kinds for side in "AB"]  # fmt: skip


def read_adapter(folder: Path, learned: list[nn.Parameter]) -> None:
    stored = load_file(folder / "adapter_model.safetensors")
    for name, parameter in zip(names(len(learned)), learned, strict=True):
        parameter.data.copy_(stored[name])


@dataclass(frozen=True)
class Written:
    """What an adapter says of itself: what it is of, and how the policy with it is asked."""

    name: str
    base: str
    base_sha256: str
    rank: int
    alpha: float
    marks: Marks = Marks()


def write_adapter(state: Path, folder: Path, written: Written) -> None:
    """The learned changes in PEFT's layout, in bf16, with the marks that the model now knows."""
    learned = torch.load(state)["learned"]
    tensors = {name: value.bfloat16() for name, value in zip(names(len(learned)), learned, strict=True)}
    marks = written.marks
    fim = {"prefix": marks.prefix, "suffix": marks.suffix, "middle": marks.middle, "first": "suffix"}
    free = {"format": "pt", "base_model_sha256": written.base_sha256, "fill_in_the_middle": json.dumps(fim),
            "model_name": written.name}  # fmt: skip
    config = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": written.base, "r": written.rank,
        "lora_alpha": written.alpha, "lora_dropout": 0, "bias": "none", "fan_in_fan_out": False, "inference_mode": True,
        "target_modules": sorted(kind.split(".")[1] for kind in kinds), "use_dora": False, "use_rslora": False,
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "adapter_model.safetensors", lambda partial: save_file(tensors, partial, free))
    write_whole(folder / "adapter_config.json", lambda partial: partial.write_text(json.dumps(config, indent=2) + "\n"))

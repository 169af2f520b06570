"""
Stage `train`: all weights, on rows of 1,024 tokens, for as long as it is given; a stop at any time loses little.

bf16 on a GPU, compiled, attention through PyTorch's own kernels. The rate warms up, stays, and falls over the
last fifth of the time (WSD); over the last tenth weights are seen rounded as they ship, so that rounding costs
nothing. Every two minutes the weights are written, whole, in the form that ships and, for going on, unrounded.
The clock is the schedule's measure, since what is short is the time of a card, not data.
"""
import json
import math
import os
import signal
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

from corpus import read_shard
from model import Decoder, load_blocks, save_blocks, shipped, write_whole
from rows import length, rows
from vocabulary import load_tokenizer


@dataclass(frozen=True)
class Plan:
    seconds: float
    batch: int = 256  # Rows a step; 262,144 tokens.
    micro: int = 64  # Rows that are on the card at once.
    rate: float = 1.5e-3
    decay: float = 0.1  # Weight decay, of matrices.
    warm_share: float = 0.02
    fall_share: float = 0.2
    rounding_share: float = 0.1
    checkpoint_seconds: float = 120
    workers: int = max(1, (os.cpu_count() or 2) - 2)
    seed: int = 1


def rate_at(done: float, plan: Plan) -> float:
    """`done` is the share of the time that has passed, 0..1. It falls to a hundredth, as 1 - sqrt (arXiv 2405.18392)."""
    if done < plan.warm_share:
        return plan.rate * max(done, 1e-4) / plan.warm_share
    fallen = (done - (1 - plan.fall_share)) / plan.fall_share
    return plan.rate * max(0.01, 1 - math.sqrt(fallen)) if fallen > 0 else plan.rate


def train(start: Path, tokenizer: Path, shards: list[Path], held_out: Path, out: Path, plan: Plan) -> None:
    """Leaves `model.blocks`, `state.pt` and `log.jsonl` in `out`; called again it goes on where `state.pt` is."""
    began = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(plan.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.set_float32_matmul_precision("high")
    decoder = load_blocks(start).to(device)
    decoder.stream_type = torch.bfloat16 if device.type == "cuda" else torch.float32
    optimizer = optimizer_of(decoder, plan)
    spent, step, tokens = resume(out / "state.pt", decoder, optimizer)
    # Weights and the optimiser's sums stay float32.
    precision = torch.autocast("cuda", torch.bfloat16) if device.type == "cuda" else nullcontext()
    loss_on = torch.compile(loss_of) if device.type == "cuda" else loss_of
    stream = batches(shards, tokenizer, plan, device, plan.seed + step)
    exam = held_out_rows(held_out, load_tokenizer(tokenizer), plan, device)
    is_rounding, is_compiling = False, True
    stop = on_signal()
    checkpoint_at = time.monotonic() + plan.checkpoint_seconds
    print(f"{sum(p.numel() for p in decoder.parameters()):,} weights on {device}, ready in {time.monotonic() - began:.0f} s", flush=True)

    with (out / "log.jsonl").open("a") as log:
        last = time.monotonic()
        while spent < plan.seconds and not stop():
            done = spent / plan.seconds
            if not is_rounding and done >= 1 - plan.rounding_share:
                decoder.round_weights(shipped)
                is_rounding = is_compiling = True
            for group in optimizer.param_groups:
                group["lr"] = rate_at(done, plan)
            loss = step_on(loss_on, decoder, optimizer, next(stream), plan, precision)
            step, tokens = step + 1, tokens + plan.batch * (length - 1)
            shown = step <= 3 or step % 20 == 0
            value = loss.item() if shown or is_compiling else math.nan
            now = time.monotonic()
            took, last = now - last, now
            # A step that compiles would take a large part of a short schedule for itself.
            spent, is_compiling = spent + (0 if is_compiling else took), False
            if shown:
                line = {"step": step, "tokens": tokens, "spent_s": round(spent, 1), "loss": round(value, 4),
                        "rate": rate_at(done, plan), "tokens_per_s": round(plan.batch * (length - 1) / took)}  # fmt: skip
                log.write(json.dumps(line) + "\n")
                log.flush()
                print(json.dumps(line), flush=True)
            if now > checkpoint_at:
                keep(out, decoder, optimizer, spent, step, tokens, evaluate(decoder, exam, precision), log)
                last = time.monotonic()
                checkpoint_at = last + plan.checkpoint_seconds
        keep(out, decoder, optimizer, spent, step, tokens, evaluate(decoder, exam, precision), log)


def optimizer_of(decoder: Decoder, plan: Plan) -> torch.optim.AdamW:
    matrices = [p for p in decoder.parameters() if p.dim() == 2]
    vectors = [p for p in decoder.parameters() if p.dim() != 2]
    groups = [{"params": matrices, "weight_decay": plan.decay}, {"params": vectors, "weight_decay": 0.0}]
    fused = next(decoder.parameters()).is_cuda
    return torch.optim.AdamW(groups, lr=plan.rate, betas=(0.9, 0.95), eps=1e-8, fused=fused)


def step_on(loss_on, decoder: Decoder, optimizer: torch.optim.Optimizer, ids: Tensor, plan: Plan, precision) -> Tensor:
    """One step on `ids` [batch, T]; returns the mean loss, still on the device."""
    optimizer.zero_grad(set_to_none=True)
    total = torch.zeros((), device=ids.device)
    parts = ids.split(plan.micro)
    for part in parts:
        with precision:
            loss = loss_on(decoder, part) / len(parts)
        loss.backward()
        total += loss.detach()
    torch.nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
    optimizer.step()
    return total


def loss_of(decoder: Decoder, ids: Tensor) -> Tensor:
    """Mean nats a token of rows [b, T + 1]; the loss is compiled with the model, for its logits are the largest."""
    logits = decoder(ids[:, :-1])  # [b, T, V]
    return F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())


@torch.no_grad()
def evaluate(decoder: Decoder, exam: list[Tensor], precision) -> float:
    """Nats a token on held-out rows."""
    with precision:
        losses = [loss_of(decoder, ids) for ids in exam]
    return torch.stack(losses).mean().item()


def keep(out: Path, decoder: Decoder, optimizer: torch.optim.Optimizer, spent: float, step: int, tokens: int,
         held_out: float, log) -> None:  # fmt: skip
    line = {"step": step, "tokens": tokens, "spent_s": round(spent, 1), "held_out_loss": round(held_out, 4)}
    log.write(json.dumps(line) + "\n")
    log.flush()
    print(json.dumps(line), flush=True)
    save_blocks(decoder, out / "model.blocks")
    state = {"model": decoder.state_dict(), "optimizer": optimizer.state_dict(), "spent": spent, "step": step, "tokens": tokens}
    write_whole(out / "state.pt", lambda partial: torch.save(state, partial))


def resume(path: Path, decoder: Decoder, optimizer: torch.optim.Optimizer) -> tuple[float, int, int]:
    if not path.exists():
        return 0.0, 0, 0
    state = torch.load(path, map_location="cpu")
    decoder.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return state["spent"], state["step"], state["tokens"]


def batches(shards: list[Path], tokenizer: Path, plan: Plan, device: torch.device, seed: int) -> Iterator[Tensor]:
    """Batches [batch, T] from processes of their own, so that the card never waits for text."""
    context = get_context("spawn")
    queue = context.Queue(maxsize=4 * plan.workers)
    for worker in range(plan.workers):
        context.Process(target=_fill, args=(queue, shards, tokenizer, seed * 1000 + worker, plan.micro), daemon=True).start()
    while True:
        parts = [queue.get() for _ in range(plan.batch // plan.micro)]
        yield torch.from_numpy(np.concatenate(parts)).to(device).long()


def _fill(queue, shards: list[Path], tokenizer: Path, seed: int, count: int) -> None:
    torch.set_num_threads(1)
    files = [file for shard in shards for file in read_shard(shard)]
    stream = rows(files, load_tokenizer(tokenizer), seed)
    while True:
        queue.put(np.array([next(stream) for _ in range(count)], dtype=np.int32))


def held_out_rows(path: Path, tokenizer: Tokenizer, plan: Plan, device: torch.device) -> list[Tensor]:
    stream = rows(read_shard(path), tokenizer, seed=0)
    count = 8 if device.type == "cuda" else 1
    size = min(plan.micro, 32)
    return [torch.tensor([next(stream) for _ in range(size)], device=device) for _ in range(count)]


def on_signal():
    """A request to end lets the step end and the weights be written."""
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    return lambda: bool(asked)

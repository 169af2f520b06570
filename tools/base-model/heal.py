"""
Stage `heal`: what a policy that others taught lacks as Hone asks it, and what being quantised cost it. Low-rank changes
(adapt.py) over the weights of its file, on rows of one hole (heal_rows.py). All but the end of a row is read without a
gradient, which takes a third less time. The rate stays, so that training can end anywhere, and what is written is the
mean of the last steps, which stands in for a rate that falls (arXiv 2306.03241).

Training stands still only between steps: a checkpoint is whole or not there, belongs to one recipe and one corpus, and
a second training of the same folder is refused.

T tokens, D width, V vocabulary.
"""
import fcntl
import hashlib
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor, nn

from adapt import ahead, made_low_rank, read_adapter
from adapt_rows import Marks, Row
from heal_rows import rows
from model import Decoder, Memory, write_whole
from train import on_signal


@dataclass(frozen=True)
class Plan:
    batch: int = 4  # Rows a step.
    rate: float = 3e-4
    rank: int = 16
    alpha: float = 32
    warm_steps: int = 20
    mean_steps: int = 60  # Steps that the written mean goes back, about.
    learned_tokens: int = 192  # Of a row, at its end, that are read with a gradient.
    seed: int = 1


side_by_side = ThreadPoolExecutor(os.cpu_count(), initializer=lambda: torch.set_num_threads(1))

checkpoint_seconds = 300
exam_seconds = 1800
exam_rows = 32


class OutOfDate(Exception):
    """A checkpoint that this recipe or this corpus did not make."""


def heal(
    decoder: Decoder, tokenizer: Tokenizer, marks: Marks, files: list[dict[str, str]], exam: list[dict[str, str]], out: Path,
    plan: Plan, belongs: dict[str, str], tokens: int, first: Path | None = None,
) -> None:
    """
    Trains until `tokens` were read in all, or until SIGTERM; leaves `state.pt` and `log.jsonl` in `out` and goes on where
    `state.pt` is. `belongs` names by hash what a checkpoint depends on. It begins with the adapter in `first`, if one is
    named and there is no checkpoint.
    @raises OutOfDate where `state.pt` has another plan or belongs to something else
    @raises BlockingIOError where another training uses `out`
    """
    out.mkdir(parents=True, exist_ok=True)
    with (out / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        torch.manual_seed(plan.seed)
        made_low_rank(decoder, plan.rank, plan.alpha)
        learned = [p for p in decoder.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(learned, lr=plan.rate, betas=(0.9, 0.95), weight_decay=0.0)
        recipe = {**belongs, **{name: str(value) for name, value in asdict(plan).items()}}
        mean = [p.detach().clone() for p in learned]
        step = seen = 0
        if (out / "state.pt").exists():
            step, seen = resume(out / "state.pt", recipe, learned, mean, optimizer)
        elif first is not None:
            read_adapter(first, learned)
            mean = [p.detach().clone() for p in learned]
        stream = ahead(rows(files, tokenizer, plan.seed * 1000 + step, marks))
        questions = [row for row, _ in zip(rows(exam, tokenizer, 7, marks), range(exam_rows))]
        stop = on_signal()
        print(f"{sum(p.numel() for p in learned):,} weights learn, {seen:,} tokens seen", flush=True)
        kept_at = examined_at = last = time.monotonic()
        if step == 0:
            say(out, step=0, tokens=0, held_out=examined(decoder, questions, plan))
        while seen < tokens and not stop():
            for group in optimizer.param_groups:
                group["lr"] = plan.rate * min(1, (step + 1) / plan.warm_steps)
            batch = [next(stream) for _ in range(plan.batch)]
            loss = learn(decoder, learned, optimizer, batch, plan)
            step, seen = step + 1, seen + sum(len(ids) for ids, _ in batch)
            for kept, parameter in zip(mean, learned):
                kept.lerp_(parameter.detach(), 1 / min(step, plan.mean_steps))
            now = time.monotonic()
            if step % 10 == 0:
                say(out, step=step, tokens=seen, loss=round(loss, 4), seconds_a_step=round((now - last) / 10, 2))
                last = now
            if now - kept_at > checkpoint_seconds:
                keep(out, recipe, learned, mean, optimizer, step, seen)
                kept_at = now
            if now - examined_at > exam_seconds:
                say(out, step=step, tokens=seen, held_out=examined_as(decoder, learned, mean, questions, plan))
                examined_at = time.monotonic()
        keep(out, recipe, learned, mean, optimizer, step, seen)


def learn(decoder: Decoder, learned: list[nn.Parameter], optimizer: torch.optim.Optimizer, batch: list[Row], plan: Plan) -> float:
    """One step; the mean nats a token, by weight. Rows go side by side, each on one thread: on busy processors threads
    that share each product mostly wait for each other."""
    counts = sum(sum(weights) for _, weights in batch)

    def of_row(row: Row) -> tuple[float, tuple[Tensor, ...]]:
        loss = nats(decoder, row, plan) / counts
        return loss.item(), torch.autograd.grad(loss, learned)

    results = list(side_by_side.map(of_row, batch))
    for parameter, *gradients in zip(learned, *(gradients for _, gradients in results)):
        parameter.grad = sum(gradients[1:], gradients[0])
    torch.nn.utils.clip_grad_norm_(learned, 1.0)
    optimizer.step()
    return sum(loss for loss, _ in results)


def nats(decoder: Decoder, row: Row, plan: Plan) -> Tensor:
    """The sum over one row of nats times what a token counts; nothing counts before `learned_tokens`."""
    ids, weights = torch.tensor(row[0])[None], torch.tensor(row[1])  # [1, T], [T]
    start = max(0, ids.shape[1] - 1 - plan.learned_tokens)
    memories: list[Memory] = [[] for _ in decoder.layers]
    if start > 0:
        with torch.no_grad():
            decoder.states(ids[:, :start], memories)
    states = decoder.states(ids[:, start:-1], memories)[0]  # [T, D]
    labels, weights = ids[0, start + 1 :], weights[start + 1 :]
    counted = weights > 0
    logits = F.linear(states[counted], decoder.table).float()  # [counted, V]
    return (F.cross_entropy(logits, labels[counted], reduction="none") * weights[counted]).sum()


def examined(decoder: Decoder, questions: list[Row], plan: Plan) -> float:
    """Mean nats a token, by weight, on rows of packages that nothing is learned from."""

    @torch.no_grad()  # Which holds for one thread only.
    def of_row(row: Row) -> float:
        return nats(decoder, row, plan).item()

    total = sum(side_by_side.map(of_row, questions))
    return round(total / sum(sum(weights) for _, weights in questions), 4)


def examined_as(decoder: Decoder, learned: list[nn.Parameter], mean: list[Tensor], questions: list[Row], plan: Plan) -> float:
    """The same with the mean of the last steps in place of the last."""
    last = [p.detach().clone() for p in learned]
    take(learned, mean)
    try:
        return examined(decoder, questions, plan)
    finally:
        take(learned, last)


def take(learned: list[nn.Parameter], values: list[Tensor]) -> None:
    for parameter, value in zip(learned, values, strict=True):
        parameter.data.copy_(value)


def keep(out: Path, recipe: dict[str, str], learned: list[nn.Parameter], mean: list[Tensor], optimizer: torch.optim.Optimizer,
         step: int, seen: int) -> None:  # fmt: skip
    """Where there is no room, what was kept before stays and training goes on."""
    state = {"recipe": recipe, "learned": mean, "last": [p.data for p in learned], "optimizer": optimizer.state_dict(),
             "step": step, "tokens": seen}  # fmt: skip
    try:
        write_whole(out / "state.pt", lambda partial: torch.save(state, partial))
    except (OSError, RuntimeError) as error:  # PyTorch says of a full disk that its writer failed.
        (out / "state.partial").unlink(missing_ok=True)
        print(f"No checkpoint was written at step {step}; the one before stays. {error}", flush=True)


def resume(path: Path, recipe: dict[str, str], learned: list[nn.Parameter], mean: list[Tensor],
           optimizer: torch.optim.Optimizer) -> tuple[int, int]:  # fmt: skip
    state = torch.load(path)
    other = [name for name in sorted({*recipe, *state["recipe"]}) if recipe.get(name) != state["recipe"].get(name)]
    if other:
        raise OutOfDate(f"{path} was trained with another {', '.join(other)}. Move its folder away to begin anew.")
    optimizer.load_state_dict(state["optimizer"])
    take(learned, state["last"])
    for value, kept in zip(mean, state["learned"], strict=True):
        value.copy_(kept)
    return state["step"], state["tokens"]


def say(out: Path, **line: float) -> None:
    print(json.dumps(line), flush=True)
    try:
        with (out / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
    except OSError as error:
        print(f"The log cannot be written: {error}", flush=True)


def hash_of(paths: list[Path]) -> str:
    """One SHA-256 of all these files."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()

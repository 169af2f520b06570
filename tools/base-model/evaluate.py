"""
Stage `evaluate`: the same questions to every model, whether it knows fill-in-the-middle or not.

Three measures: HumanEval's single lines (Bavarian et al., arXiv 2207.14255), judged by its tests; holes in
held-out packages, by language and kind of hole, judged by equality with what was written; bits a character on
the same packages, which does not depend on a vocabulary. A model is a Hugging Face folder. What is asked, and
in which form, follows src/model/prompt.ts. Answers of models run as programs here, so run it where that is safe.
"""
import gzip
import json
import math
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

from corpus import read_shard
from rows import encode, line_end, line_start
from vocabulary import load_tokenizer

prefix_tokens, suffix_tokens, answer_tokens = 400, 96, 48


@dataclass(frozen=True)
class Question:
    group: str
    path: str
    prefix: str
    suffix: str
    answer: str
    test: str = ""  # A program that fails unless `prefix + answer + suffix` before it is right.


@dataclass(frozen=True)
class Subject:
    name: str
    model: torch.nn.Module
    tokenizer: Tokenizer

    def id_of(self, *tokens: str) -> int | None:
        return next((i for token in tokens if (i := self.tokenizer.token_to_id(token)) is not None), None)


def load(folder: Path) -> Subject:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).to(device).eval()
    return Subject(folder.name, model, load_tokenizer(folder / "tokenizer.json"))


def human_eval(path: Path, count: int) -> list[Question]:
    """The first `count` of its rows in an order of their own; an editor has indented the line already."""
    with gzip.open(path, "rt") as file:
        found = [json.loads(line) for line in file]
    random.Random(0).shuffle(found)
    questions = []
    for row in found[:count]:
        line = row["canonical_solution"].rstrip("\n")
        indent = line[: len(line) - len(line.lstrip())]
        test = f"{row['test']}\ncheck({row['entry_point']})\n"
        suffix = row["suffix"] if row["suffix"].startswith("\n") else "\n" + row["suffix"]
        questions.append(Question("HumanEval line", "solution.py", row["prompt"] + indent, suffix, line.lstrip(), test))
    return questions


def held_out(shard: Path, count: int) -> list[Question]:
    """`count` questions of each language and kind: the rest of a line, a whole line, several lines."""
    draw = random.Random(0)
    files: dict[str, list[dict[str, str]]] = defaultdict(list)
    for file in read_shard(shard):
        files[file["language"]].append(file)
    questions = []
    for language, group in sorted(files.items()):
        for kind in ("mid-line", "line", "lines"):
            found = 0
            while found < count:
                file = draw.choice(group)
                question = cut(file["text"], file["path"], f"{language} {kind}", kind, draw)
                if question is not None:
                    questions.append(question)
                    found += 1
    return questions


def cut(text: str, path: str, group: str, kind: str, draw: random.Random) -> Question | None:
    start = line_start(text, draw.randrange(len(text)))
    end = line_end(text, start)
    first = start + len(text[start:end]) - len(text[start:end].lstrip())
    if end - first < 8 or text[first : first + 2] in ("//", "# ", "* ", "/*"):
        return None
    if kind == "mid-line":
        first = draw.randint(first + 1, end - 3)
    elif kind == "lines":
        for _ in range(draw.randint(1, 3)):
            end = line_end(text, min(len(text), end + 1))
    answer = text[first:end].rstrip()
    return Question(group, path, text[:first], text[end:], answer) if len(answer) >= 2 else None


def prompt_of(subject: Subject, question: Question) -> tuple[list[int], str]:
    """Ids to read, and text that the answer must begin with: the token at the cursor is made anew (healing)."""
    tokenizer = subject.tokenizer
    file = subject.id_of("<file_sep>")
    header = [] if file is None else [file, *encode(tokenizer, question.path + "\n")]
    prefix = encode(tokenizer, question.prefix[-8 * prefix_tokens :])[-prefix_tokens:]
    healed = tokenizer.decode(prefix[-1:], skip_special_tokens=False) if prefix else ""
    if not question.prefix.endswith(healed) or healed.endswith("\n"):
        healed = ""
    prefix = prefix[:-1] if healed else prefix
    middle = subject.id_of("<fim_middle>")
    if middle is None:
        return [*header, *prefix], healed
    suffix = encode(tokenizer, question.suffix[: 8 * suffix_tokens])[:suffix_tokens]
    return [*header, subject.id_of("<fim_prefix>"), subject.id_of("<fim_suffix>"), *suffix, middle, *prefix], healed


@torch.inference_mode()
def answer(subject: Subject, question: Question) -> str:
    """Greedy text for the hole, as many lines as the hole has; never a special token, never a code fence."""
    ids, healed = prompt_of(subject, question)
    tokenizer, model = subject.tokenizer, subject.model
    device = next(model.parameters()).device
    end = subject.id_of("<|endoftext|>")
    forbidden = [i for i in range(17) if i != end]
    lines = question.answer.count("\n") + 1
    starts = tokens_within(subject, healed)
    read, cache, found = torch.tensor([ids], device=device), None, []
    for _ in range(answer_tokens * min(lines, 3)):
        out = model(read, past_key_values=cache, use_cache=True)
        cache, logits = out.past_key_values, out.logits[0, -1].float()
        logits[forbidden] = -math.inf
        made = tokenizer.decode(found, skip_special_tokens=False) if found else ""
        if len(made) < len(healed):
            allowed = starts(healed[len(made) :])
            if allowed:
                mask = torch.full_like(logits, -math.inf)
                mask[allowed] = 0
                logits = logits + mask
        token = int(logits.argmax())
        if token == end:
            break
        found.append(token)
        text = tokenizer.decode(found, skip_special_tokens=False)[len(healed) :]
        if text.lstrip("\n").count("\n") >= lines or "```" in text:
            break
        read = torch.tensor([[token]], device=device)
    text = tokenizer.decode(found, skip_special_tokens=False)
    return "\n".join(text.removeprefix(healed).split("\n")[:lines]).rstrip()


tables: dict[str, list[str]] = {}


def tokens_within(subject: Subject, healed: str):
    """Which tokens may come while `rest` is still to be made: what it begins with, or what begins with it."""
    if healed and subject.name not in tables:
        size = subject.tokenizer.get_vocab_size()
        tables[subject.name] = [subject.tokenizer.decode([i], skip_special_tokens=False) for i in range(size)]
    table = tables.get(subject.name, [])
    return lambda rest: [i for i, text in enumerate(table) if i > 16 and text and (text.startswith(rest) or rest.startswith(text))]


def is_right(question: Question, given: str) -> bool:
    if not question.test:
        return given == question.answer
    program = question.prefix + given + question.suffix + "\n" + question.test
    try:
        return subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, timeout=5).returncode == 0
    except subprocess.TimeoutExpired:
        return False


@torch.inference_mode()
def bits_per_character(subject: Subject, shard: Path, count: int) -> dict[str, float]:
    """By language, over the first 600 tokens' worth of `count` files, each under its path."""
    draw = random.Random(0)
    device = next(subject.model.parameters()).device
    groups: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    files = read_shard(shard)
    draw.shuffle(files)
    seen: dict[str, int] = defaultdict(int)
    for file in files:
        if seen[file["language"]] >= count:
            continue
        seen[file["language"]] += 1
        text = file["text"][:1800]
        header = [subject.id_of("<file_sep>"), *encode(subject.tokenizer, file["path"] + "\n")]
        body = encode(subject.tokenizer, text)
        ids = torch.tensor([[*header, *body]], device=device)
        logits = subject.model(ids).logits[0, len(header) - 1 : -1].float()
        nats = F.cross_entropy(logits, ids[0, len(header) :], reduction="sum").item()
        groups[file["language"]][0] += nats / math.log(2)
        groups[file["language"]][1] += len(text)
    return {language: bits / characters for language, (bits, characters) in sorted(groups.items())}


def interval(right: int, count: int) -> tuple[float, float]:
    """Wilson's interval of a share, 95 %."""
    z, share = 1.96, right / count
    middle, width = share + z * z / (2 * count), z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return (middle - width) / (1 + z * z / count), (middle + width) / (1 + z * z / count)


def evaluate(folders: Iterable[Path], exam: Path, shard: Path, out: Path, human_count: int, hole_count: int, file_count: int) -> None:
    """Writes one report a model, `out/NAME.json`, and prints a table of all that are there."""
    out.mkdir(parents=True, exist_ok=True)
    for folder in folders:
        subject = load(folder)
        groups: dict[str, list[bool]] = defaultdict(list)
        for question in [*human_eval(exam, human_count), *held_out(shard, hole_count)]:
            given = answer(subject, question)
            groups[question.group].append(is_right(question, given))
        report = {
            "model": subject.name,
            "weights": sum(p.numel() for p in subject.model.parameters()),
            "right": {group: [sum(marks), len(marks)] for group, marks in groups.items()},
            "bits per character": bits_per_character(subject, shard, file_count),
        }
        (out / f"{subject.name}.json").write_text(json.dumps(report, indent=1))
    print(table([json.loads(path.read_text()) for path in sorted(out.glob("*.json"))]))


def table(reports: list[dict]) -> str:
    """A Markdown table: a row a measure, a column a model; shares in percent with 95 % intervals."""
    lines = ["| | " + " | ".join(report["model"] for report in reports) + " |", "|---" * (len(reports) + 1) + "|"]
    for group in sorted({group for report in reports for group in report["right"]}):
        cells = []
        for report in reports:
            right, count = report["right"].get(group, (0, 0))
            low, high = interval(right, count) if count else (0, 0)
            cells.append(f"{100 * right / count:.0f} ({100 * low:.0f} to {100 * high:.0f}) of {count}" if count else "")
        lines.append(f"| {group}, % right | " + " | ".join(cells) + " |")
    for language in sorted({language for report in reports for language in report["bits per character"]}):
        cells = [f"{report['bits per character'].get(language, math.nan):.3f}" for report in reports]
        lines.append(f"| {language}, bits a character | " + " | ".join(cells) + " |")
    return "\n".join(lines)

"""
Stage `evaluate`: the same questions to every model, whether it knows fill-in-the-middle or not.

Three measures: HumanEval's single lines (Bavarian et al., arXiv 2207.14255), judged by its tests; holes in
held-out packages, by language and kind of hole, judged by equality with what was written; bits a character on
the same packages, which does not depend on a vocabulary. A model is a Hugging Face folder. What is asked, and
in which form, follows src/model/prompt.ts: a model with marks of fill-in-the-middle is told the suffix first, one
without them the prefix alone. Answers of models run as programs here, so run it where that is safe.
"""
import gzip
import hashlib
import json
import math
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import astuple, dataclass
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
    package: str
    path: str
    prefix: str
    suffix: str
    answer: str
    test: str = ""  # A program that fails unless `prefix + answer + suffix` before it is right.


@dataclass(frozen=True)
class Counts:
    human: int  # Rows of HumanEval.
    holes: int  # Of each kind in each language.
    files: int  # Of each language, for bits a character.


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
        questions.append(Question("HumanEval line", "", "solution.py", row["prompt"] + indent, suffix, line.lstrip(), test))
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
                question = cut(file, kind, draw)
                if question is not None:
                    questions.append(question)
                    found += 1
    return questions


def cut(file: dict[str, str], kind: str, draw: random.Random) -> Question | None:
    text = file["text"]
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
    if len(answer) < 2:
        return None
    name = file["package"].split("/")[-1]  # As rows.py tells it.
    return Question(f"{file['language']} {kind}", name, file["path"], text[:first], text[end:], answer)


def header_of(subject: Subject, package: str, path: str) -> list[int]:
    repository, file = subject.id_of("<repo_name>"), subject.id_of("<file_sep>")
    told = [repository, *encode(subject.tokenizer, package)] if package and repository is not None else []
    return told if file is None else [*told, file, *encode(subject.tokenizer, path + "\n")]


def prompt_of(subject: Subject, question: Question) -> tuple[list[int], str]:
    """Ids to read, and text that the answer must begin with: the token at the cursor is made anew (healing)."""
    tokenizer = subject.tokenizer
    header = header_of(subject, question.package, question.path)
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


def judged(subject: Subject, question: Question) -> tuple[str, bool]:
    given = answer(subject, question)
    return given, is_right(question, given)


def is_right(question: Question, given: str) -> bool:
    if not question.test:
        return given == question.answer
    program = question.prefix + given + question.suffix + "\n" + question.test
    try:
        return subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, timeout=5).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def beginnings(shard: Path, count: int) -> list[dict[str, str]]:
    """`count` files of each language, of each the first 1,800 characters."""
    files, seen = read_shard(shard), Counter()
    random.Random(0).shuffle(files)
    found = []
    for file in files:
        seen[file["language"]] += 1
        if seen[file["language"]] <= count:
            found.append({**file, "text": file["text"][:1800]})
    return found


@torch.inference_mode()
def bits_of(subject: Subject, file: dict[str, str]) -> float:
    """What it takes to tell the text, under its path."""
    device = next(subject.model.parameters()).device
    header = header_of(subject, file["package"].split("/")[-1], file["path"])
    ids = torch.tensor([[*header, *encode(subject.tokenizer, file["text"])]], device=device)
    logits = subject.model(ids).logits[0, len(header) - 1 : -1].float()
    return F.cross_entropy(logits, ids[0, len(header) :], reduction="sum").item() / math.log(2)


def interval(right: int, count: int) -> tuple[float, float]:
    """Wilson's interval of a share, 95 %."""
    z, share = 1.96, right / count
    middle, width = share + z * z / (2 * count), z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, middle - width) / (1 + z * z / count), (middle + width) / (1 + z * z / count)


def ratio_interval(pairs: list[tuple[float, int]]) -> tuple[float, float, float]:
    """Bits a character of files taken together, and its 95 % interval by the spread of files about it."""
    bits, characters = (sum(column) for column in zip(*pairs))
    ratio = bits / characters
    spread = sum((b - ratio * c) ** 2 for b, c in pairs) * len(pairs) / max(1, len(pairs) - 1)
    width = 1.96 * math.sqrt(spread) / characters
    return ratio, ratio - width, ratio + width


def evaluate(folders: Iterable[Path], exam: Path, shard: Path, out: Path, counts: Counts, minutes: float) -> None:
    """Writes one report a model, `out/NAME.json`, and prints a table of all that are there. Answers are kept in
    `out/NAME.answers.jsonl` as they come and not asked for again; groups are asked in turn, so that what the minutes
    (of each model) leave out is missing from all of them alike."""
    out.mkdir(parents=True, exist_ok=True)
    for folder in folders:
        ends, subject = time.monotonic() + 60 * minutes, load(folder)
        kept = Kept(out / f"{subject.name}.answers.jsonl")
        pieces: dict[str, list[tuple[float, int]]] = defaultdict(list)
        marks: dict[str, list[bool]] = defaultdict(list)
        for file in in_turn(beginnings(shard, counts.files), lambda file: file["language"]):
            key = f"{file['package']} {file['path']}"
            if key in kept or time.monotonic() < ends:
                pieces[file["language"]].append((kept.of(key, lambda: bits_of(subject, file)), len(file["text"])))
        questions = [*human_eval(exam, counts.human), *held_out(shard, counts.holes)]
        for question in in_turn(questions, lambda question: question.group):
            key = hashlib.sha1(json.dumps(astuple(question)).encode()).hexdigest()
            if key in kept or time.monotonic() < ends:
                _, right = kept.of(key, lambda: judged(subject, question))
                marks[question.group].append(right)
        report = {
            "model": subject.name,
            "weights": sum(p.numel() for p in subject.model.parameters()),
            "told": "prefix alone" if subject.id_of("<fim_middle>") is None else "suffix and prefix",
            "right": {group: [sum(found), len(found)] for group, found in marks.items()},
            "bits and characters": pieces,
        }
        (out / f"{subject.name}.json").write_text(json.dumps(report, indent=1))
        print(f"{subject.name}: {sum(map(len, marks.values()))} of {len(questions)} asked")
    print(table(read_reports(out)))


def in_turn(items: list, group_of) -> list:
    """Such that any beginning has of each group as large a part."""
    sizes, seen = Counter(map(group_of, items)), Counter()
    order = []
    for item in items:
        order.append((seen[group_of(item)] / sizes[group_of(item)], item))
        seen[group_of(item)] += 1
    return [item for _, item in sorted(order, key=lambda pair: pair[0])]


class Kept:
    """Results by their keys, in a file that grows by a line each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        lines = path.read_text().splitlines() if path.exists() else []
        self.found: dict[str, object] = dict(map(json.loads, lines))

    def __contains__(self, key: str) -> bool:
        return key in self.found

    def of(self, key: str, make):
        if key not in self.found:
            self.found[key] = make()
            with self.path.open("a") as file:
                file.write(json.dumps([key, self.found[key]]) + "\n")
        return self.found[key]


def read_reports(folder: Path) -> list[dict]:
    """Those of `evaluate`, each with what `hone eval fim --rows-out FOLDER/NAME.hone.jsonl` wrote of the same model."""
    reports = []
    for path in sorted(folder.glob("*.json")):
        report = json.loads(path.read_text())
        answers = path.with_suffix(".hone.jsonl")
        if answers.exists():
            right: dict[str, list[bool]] = defaultdict(list)
            for row in map(json.loads, answers.read_text().splitlines()):
                right[row["taskId"].rpartition(" ")[0]].append(row["exact"])
            report["right in Hone"] = {group: [sum(marks), len(marks)] for group, marks in right.items()}
        reports.append(report)
    return reports


def table(reports: list[dict]) -> str:
    """A Markdown table: a row a measure, a column a model; shares in percent, each with its 95 % interval and count."""
    lines = [["", *(report["model"] for report in reports)], ["---"] * (len(reports) + 1)]
    lines.append(["weights, M", *(f"{report['weights'] / 1e6:.1f}" for report in reports)])
    lines.append(["told of a file", *(report["told"] for report in reports)])
    for key, place in (("right", ""), ("right in Hone", " in Hone")):
        counts = [with_sums(report.get(key, {})) for report in reports]
        for group in sorted({group for found in counts for group in found}, key=lambda name: (name.startswith("all"), name)):
            lines.append([f"{group}{place}, % right", *(share(found.get(group)) for found in counts)])
    for language in sorted({language for report in reports for language in report["bits and characters"]}):
        cells = []
        for report in reports:
            pairs = report["bits and characters"].get(language)
            cells.append("{:.2f} ({:.2f} to {:.2f}) of {}".format(*ratio_interval(pairs), len(pairs)) if pairs else "")
        lines.append([f"{language}, bits a character", *cells])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def with_sums(counts: dict[str, list[int]]) -> dict[str, list[int]]:
    """Right and asked by group, and the same by kind of hole over all languages."""
    sums: dict[str, list[int]] = {}
    for group, (right, count) in counts.items():
        language, _, kind = group.partition(" ")
        if language != "HumanEval":
            before = sums.get(f"all languages {kind}", [0, 0])
            sums[f"all languages {kind}"] = [before[0] + right, before[1] + count]
    return {**counts, **sums}


def share(counted: list[int] | None) -> str:
    if counted is None:
        return ""
    right, count = counted
    low, high = interval(right, count)
    return f"{100 * right / count:.0f} ({100 * low:.0f} to {100 * high:.0f}) of {count}"

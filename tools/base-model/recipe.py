#!/usr/bin/env python3
"""
`recipe.py STAGE`: from nothing to hone-base, a stage at a time. Each stage writes its artefact under the folder
of $BASE_MODEL (.cache/base-model), whole or not at all, prints its hash and whether it is the one that hashes.txt
records; README.md tells the order.
"""
import argparse
import json
import os
import shutil
from pathlib import Path
from typing import Any

root = Path(__file__).resolve().parents[2]
work = Path(os.environ.get("BASE_MODEL", root / ".cache/base-model")).resolve()
archives, corpus_folder, exam = work / "archives", work / "corpus", work / "HumanEval-SingleLineInfilling.jsonl.gz"
gguf = root / ".cache/models/SmolLM2-135M-Instruct.Q4_1.gguf"
qwen = work / "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
tokenizer_file, start, run, reports = work / "tokenizer.json", work / "start.blocks", work / "run", work / "reports"

vocabulary_size, layers_kept = 16_384, 16
measured_rows, measured_length = 32, 512  # By which layers are judged: 16,384 tokens.
here = Path(__file__).resolve().parent
layers_file, card = here / "layers.json", here / "MODEL_CARD.md"
piece_bytes = 60 * 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    stages = parser.add_subparsers(dest="stage", required=True)
    for stage in (vocabulary, layers, surgery, pieces, original, pack):
        stages.add_parser(stage.__name__, help=stage.__doc__).set_defaults(do=stage)
    command = stages.add_parser("corpus", help=corpus.__doc__)
    command.add_argument("--registries", nargs="+", default=["npm", "pypi", "crates", "go", "maven"])
    command.add_argument("--every", type=int, default=1, help="of so many packages to train on only one, to begin sooner")
    command.set_defaults(do=corpus)
    command = stages.add_parser("pin", help=pin.__doc__)
    command.add_argument("registry")
    command.add_argument("names", nargs="+")
    command.add_argument("--held-out", action="store_true")
    command.set_defaults(do=pin)
    command = stages.add_parser("train", help=train.__doc__)
    command.add_argument("--seconds", type=float, default=1200)
    command.add_argument("--batch", type=int)
    command.add_argument("--micro", type=int)
    command.add_argument("--rate", type=float)
    command.add_argument("--workers", type=int)
    command.add_argument("--toy", action="store_true", help="two thin layers on one file, to see that it learns")
    command.set_defaults(do=train)
    command = stages.add_parser("adapt", help=adapt.__doc__)
    command.add_argument("--seconds", type=float, default=4200)
    command.add_argument("--rate", type=float)
    command.add_argument("--first", type=Path, help="folder of an adapter to begin with, such as media/adapter")
    command.set_defaults(do=adapt)
    command = stages.add_parser("heal", help=heal.__doc__)
    command.add_argument("--tokens", type=int, default=10_000_000, help="to read in all")
    command.add_argument("--first", type=Path, help="folder of an adapter to begin with")
    command.add_argument("--export", type=Path, help="only write the newest checkpoint as an adapter into this folder")
    command.set_defaults(do=heal)
    command = stages.add_parser("evaluate", help=evaluate.__doc__)
    command.add_argument("folders", nargs="+", type=Path)
    command.add_argument("--human", type=int, default=1033)
    command.add_argument("--holes", type=int, default=100, help="of each kind in each language")
    command.add_argument("--files", type=int, default=40, help="of each language, for bits a character")
    command.add_argument("--minutes", type=float, default=600, help="at most, for each model; called again it goes on")
    command.set_defaults(do=evaluate)
    command = stages.add_parser("questions", help=questions.__doc__)
    command.add_argument("--holes", type=int, default=100, help="as `evaluate` was called, for the same holes")
    command.set_defaults(do=questions)
    command = stages.add_parser("folder", help=folder.__doc__)
    command.add_argument("blocks", type=Path)
    command.add_argument("out", type=Path)
    command.set_defaults(do=folder)
    arguments = parser.parse_args()
    work.mkdir(parents=True, exist_ok=True)
    arguments.do(arguments)


def pin(arguments: argparse.Namespace) -> None:
    """add the newest version of packages to packages.tsv"""
    from packages import pin, read_manifest, write_manifest

    for name in arguments.names:
        package = pin(arguments.registry, name, "held-out" if arguments.held_out else "train", archives)
        others = [other for other in read_manifest() if (other.registry, other.name) != (arguments.registry, name)]
        write_manifest([*others, package])


def corpus(arguments: argparse.Namespace) -> None:
    """fetch the pinned packages and keep what is worth reading"""
    from corpus import build_corpus

    if not exam.exists():
        raise SystemExit(f"Put data/{exam.name} of the public repository openai/human-eval-infilling at {exam}.")
    show(exam)
    partial = work / "corpus.partial"
    shutil.rmtree(partial, ignore_errors=True)
    build_corpus(archives, exam, partial, arguments.registries, arguments.every)
    shutil.rmtree(corpus_folder, ignore_errors=True)
    partial.rename(corpus_folder)
    for path in sorted(corpus_folder.iterdir()):
        show(path)


def vocabulary(_: argparse.Namespace) -> None:
    """trim the tokenizer to the tokens that the corpus uses"""
    from collections import defaultdict

    from corpus import read_shard
    from surgery import read_tokenizer
    from vocabulary import tokens_per_character, trim

    whole = read_tokenizer(gguf)
    trimmed, rows = trim(whole, (file["text"] for file in sample(train_shards()[:1], every=24)), vocabulary_size)
    held_out: dict[str, list[str]] = defaultdict(list)
    for file in read_shard(corpus_folder / "held-out-000.parquet")[::4]:
        held_out[file["language"]].append(file["text"])
    ratios = {language: [tokens_per_character(whole, texts), tokens_per_character(trimmed, texts)]
              for language, texts in sorted(held_out.items())}  # fmt: skip
    statistics = json.loads((corpus_folder / "statistics.json").read_text())
    per_language = {row["language"]: row["characters"] for row in statistics["languages"] if row["set"] == "train"}
    tokens = sum(characters * ratios[language][1] for language, characters in per_language.items())
    report = {"size": len(rows), "tokens per character": ratios, "train_tokens": round(tokens), "rows": rows}
    trimmed.save(str(tokenizer_file))
    (work / "vocabulary.json").write_text(json.dumps(report))
    print(json.dumps({key: report[key] for key in ("size", "tokens per character", "train_tokens")}, indent=1))
    show(tokenizer_file)
    show(work / "vocabulary.json")


def layers(_: argparse.Namespace) -> None:
    """measure anew which layers of SmolLM2 stay, into layers.json"""
    import torch

    from surgery import choose
    from vocabulary import load_tokenizer

    torch.set_num_threads(1)  # Sums in one order.
    rows = json.loads((work / "vocabulary.json").read_text())["rows"]
    report = choose(gguf, rows, torch.tensor(texts_of_all_languages(load_tokenizer(tokenizer_file))), layers_kept)
    for name, choice in report["choices"].items():
        print(f"{name}: {choice['loss']:.4f} with {choice['kept']}")
    layers_file.write_text(json.dumps(report, indent=1) + "\n")


def texts_of_all_languages(tokenizer) -> list[list[int]]:
    """Rows of `measured_length` ids, each out of a file (behind what licences say at its head), by language's share."""
    from corpus import read_shard
    from rows import Specials, encode, line_start, shares

    files, found = read_shard(train_shards()[0]), []
    for language, share in shares.items():
        group = [file for file in files if file["language"] == language and len(file["text"]) > 12 * measured_length]
        wanted = max(1, round(share * measured_rows))
        for file in group[:: len(group) // wanted][:wanted]:
            head = [Specials(tokenizer).file, *encode(tokenizer, file["path"] + "\n")]
            at = line_start(file["text"], len(file["text"]) // 3)
            found.append([*head, *encode(tokenizer, file["text"][at : at + 8 * measured_length])][:measured_length])
    return found


def surgery(_: argparse.Namespace) -> None:
    """cut the starting weights out of SmolLM2, with the layers that layers.json names"""
    from model import load_blocks, write_folder
    from surgery import cut
    from vocabulary import load_tokenizer

    measured = json.loads(layers_file.read_text())
    rows = json.loads((work / "vocabulary.json").read_text())["rows"]
    cut(gguf, rows, measured["choices"][measured["chosen"]]["kept"], start)
    show(start)
    write_folder(load_blocks(start), load_tokenizer(tokenizer_file), work / "hone-base-start")


def original(_: argparse.Namespace) -> None:
    """write SmolLM2 itself as a Hugging Face folder, to be measured beside"""
    from model import write_folder
    from surgery import decoder_of, read_tokenizer, read_weights

    write_folder(decoder_of(read_weights(gguf, None)), read_tokenizer(gguf), work / "smollm2-135m")


def pieces(_: argparse.Namespace) -> None:
    """lay out what travels to the machine with the GPU, in folders of at most 60 MiB"""
    target = work / "pieces"
    shutil.rmtree(target, ignore_errors=True)
    files = [tokenizer_file, start, corpus_folder / "held-out-000.parquet", *train_shards()]
    number, size = 0, piece_bytes
    for path in files:
        if size + path.stat().st_size > piece_bytes:
            number, size = number + 1, 0
            (target / str(number)).mkdir(parents=True)
        shutil.copy(path, target / str(number))
        size += path.stat().st_size
        show(target / str(number) / path.name)


def train(arguments: argparse.Namespace) -> None:
    """train all weights; called again it goes on"""
    from train import Plan, train

    plan = Plan(**given(arguments, "seconds", "batch", "micro", "rate", "workers"))
    shards, first = train_shards(), start
    if arguments.toy:
        shards, first = [toy_shard()], toy_start()
    train(first, tokenizer_file, shards, corpus_folder / "held-out-000.parquet", run, plan)
    show(run / "model.blocks")


def adapt(arguments: argparse.Namespace) -> None:
    """train low-rank changes of SmolLM2 itself; called again it goes on"""
    from adapt import Plan, Written, adapt, write_adapter
    from corpus import read_shard
    from packages import sha256
    from surgery import decoder_of, read_tokenizer, read_weights

    plan = Plan(**given(arguments, "seconds", "rate"))
    files = [file for shard in train_shards() for file in read_shard(shard)]
    held_out = read_shard(corpus_folder / "held-out-000.parquet")
    decoder, tokenizer = decoder_of(read_weights(gguf, None)), read_tokenizer(gguf)
    adapt(decoder, tokenizer, files, held_out, work / "adapter-run", plan, arguments.first)
    written = Written("hone-135m", "HuggingFaceTB/SmolLM2-135M-Instruct", sha256(gguf), plan.rank, plan.alpha)
    write_adapter(work / "adapter-run/state.pt", work / "adapter", written)
    show(work / "adapter/adapter_model.safetensors")


def heal(arguments: argparse.Namespace) -> None:
    """train low-rank changes of Qwen2.5-Coder; called again it goes on"""
    from adapt import Written, write_adapter
    from corpus import read_shard
    from heal import OutOfDate, Plan, hash_of
    from heal import heal as train_on
    from heal_rows import qwen_marks, recipe_of_rows
    from packages import sha256
    from surgery import read_qwen, read_qwen_tokenizer

    plan, folder = Plan(), work / "heal-run"
    if arguments.export is None:
        shards = train_shards()
        belongs = {"model": hash_of([qwen]), "corpus": hash_of(shards), "rows": recipe_of_rows()}
        files = [file for shard in shards for file in read_shard(shard)]
        held_out = read_shard(corpus_folder / "held-out-000.parquet")
        try:
            train_on(read_qwen(qwen), read_qwen_tokenizer(qwen), qwen_marks, files, held_out, folder, plan, belongs,
                     arguments.tokens, arguments.first)  # fmt: skip
        except OutOfDate as error:
            raise SystemExit(str(error)) from error
        except BlockingIOError as error:
            raise SystemExit(f"Another training uses {folder}. Stop it first.") from error
    written = Written("hone-500m", "Qwen/Qwen2.5-Coder-0.5B-Instruct", sha256(qwen), plan.rank, plan.alpha, qwen_marks)
    out = arguments.export or work / "hone-500m"
    write_adapter(folder / "state.pt", out, written)
    print(f"{sha256(out / 'adapter_model.safetensors')}  {out}")


def given(arguments: argparse.Namespace, *names: str) -> dict[str, Any]:
    """What was said on the command line; a plan knows the rest."""
    return {name: value for name in names if (value := getattr(arguments, name)) is not None}


def toy_start() -> Path:
    import torch

    from model import Decoder, Shape, save_blocks
    from vocabulary import load_tokenizer

    torch.manual_seed(0)
    shape = Shape(load_tokenizer(tokenizer_file).get_vocab_size(), 2, 64, 128, 2, 1)
    decoder = Decoder(shape)
    torch.nn.init.normal_(decoder.embed_tokens.weight, std=0.02)
    path = work / "toy.blocks"
    save_blocks(decoder, path, {"matrix": "Q8_0", "embedding": "Q8_0"})
    return path


def toy_shard() -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = work / "toy.parquet"
    text = Path(__file__).read_text()[:1500]
    pq.write_table(pa.table({"package": ["toy"], "language": ["python"], "path": ["recipe.py"], "text": [text]}), path)
    return path


def folder(arguments: argparse.Namespace) -> None:
    """write a file of blocks as a Hugging Face folder"""
    from model import load_blocks, write_folder
    from vocabulary import load_tokenizer

    write_folder(load_blocks(arguments.blocks), load_tokenizer(tokenizer_file), arguments.out)


def evaluate(arguments: argparse.Namespace) -> None:
    """ask models (Hugging Face folders) the same questions"""
    from evaluate import Counts, evaluate

    counts = Counts(arguments.human, arguments.holes, arguments.files)
    evaluate(arguments.folders, exam, corpus_folder / "held-out-000.parquet", reports, counts, arguments.minutes)


def questions(arguments: argparse.Namespace) -> None:
    """write the held-out holes of one line as rows for `hone eval fim`"""
    from evaluate import held_out

    found = held_out(corpus_folder / "held-out-000.parquet", arguments.holes)
    rows = [{"task_id": f"{question.group} {i}", "repository": question.package, "path": question.path, "prompt": question.prefix,
             "suffix": question.suffix, "canonical_solution": question.answer}
            for i, question in enumerate(found) if not question.group.endswith(" lines")]  # fmt: skip
    path = work / "held-out-holes.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    show(path)


def pack(_: argparse.Namespace) -> None:
    """write the GGUF file, MODEL_CARD.md and what NOTICE is to say; before training, of the starting weights"""
    from evaluate import read_reports
    from model import load_blocks, save_blocks
    from pack import model_card, notice, write_gguf
    from vocabulary import load_tokenizer

    blocks, is_trained = run / "model.blocks", (run / "model.blocks").exists()
    if not is_trained:
        blocks = work / "untrained.blocks"
        save_blocks(load_blocks(start), blocks)
    name = "hone-base" if is_trained else "hone-base-untrained"
    out = work / f"{name}.gguf"
    size = write_gguf(blocks, load_tokenizer(tokenizer_file), name, out)
    log = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()] if is_trained else []
    facts = [json.loads(path.read_text()) for path in (corpus_folder / "statistics.json", work / "vocabulary.json", layers_file)]
    card.write_text(model_card("hone-base", size, *facts, log, read_reports(reports)))
    (work / "NOTICE").write_text(notice(size))
    show(out)


def train_shards() -> list[Path]:
    return sorted(corpus_folder.glob("train-*.parquet"))


def sample(shards: list[Path], every: int):
    from corpus import read_shard

    for shard in shards:
        yield from read_shard(shard)[::every]


def show(path: Path) -> None:
    """Prints hash, size and name, and whether hashes.txt, where it has the name, has that hash too."""
    from packages import sha256

    found, name = sha256(path), str(path.relative_to(work))
    recorded = dict(reversed(line.split("  ")) for line in (here / "hashes.txt").read_text().splitlines())
    verdict = {None: "", found: "as recorded"}.get(recorded.get(name), "NOT AS RECORDED in hashes.txt")
    print(f"{found}  {path.stat().st_size:12,}  {name}  {verdict}".rstrip(), flush=True)


if __name__ == "__main__":
    main()

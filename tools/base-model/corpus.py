"""
Stage `corpus`: the text that is trained on, out of the pinned packages, and the text that never is.

A file is kept when people wrote it, in one of eight languages, under a permissive licence, once: compiled,
generated, vendored and minified files go, exact and near copies go, files with a secret go, and so does what
resembles a held-out package or HumanEval. Files of one package stay together, so that a model can learn from
neighbours; packages are in an order of their hashes, so that any piece of the corpus is a fair mixture.
Near copies are found by MinHash over lines (Broder, 1997) with banding.
"""
import gzip
import hashlib
import json
import re
import string
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from packages import Package, fetch, files_of, read_manifest

languages = {
    "ts": "typescript", "tsx": "typescript", "mts": "typescript", "cts": "typescript",
    "js": "javascript", "jsx": "javascript", "mjs": "javascript", "cjs": "javascript",
    "py": "python", "pyi": "python", "go": "go", "rs": "rust", "java": "java", "c": "c", "h": "c",
    "md": "markdown", "mdx": "markdown",
}  # fmt: skip

shard_bytes = 52 * 2**20  # A shard is closed when it has grown past this, so it stays under 60 MiB.
characters_per_package = 14_000_000  # No package may drown the others.


@dataclass(frozen=True)
class File:
    package: str
    set: str
    licence: str
    path: str
    language: str
    text: str


def build_corpus(archives: Path, human_eval: Path, out: Path, registries: list[str], every: int = 1) -> None:
    """Writes `train-NNN.parquet`, `held-out.parquet` and `statistics.json` into the folder `out`, of all packages of
    these registries or of one in `every`; held-out ones are always all there."""
    out.mkdir(parents=True, exist_ok=True)
    # Held-out packages first: of two near copies the first is kept, so training loses what resembles them.
    packages = sorted((p for p in read_manifest() if p.registry in registries),
                      key=lambda p: (p.set != "held-out", sha1(p.registry + p.name)))  # fmt: skip
    held_out = sum(p.set == "held-out" for p in packages)
    packages = packages[:held_out] + packages[held_out::every]
    dropped: dict[str, int] = defaultdict(int)
    copies = Copies(dropped)
    exam = exam_lines(human_eval)
    rows = {"held-out": Shards(out / "held-out"), "train": Shards(out / "train")}
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    per_package: list[dict[str, object]] = []
    for package in packages:
        kept = characters = 0
        for file in files(package, archives, dropped):
            if resembles_exam(file.text, exam):
                dropped["HumanEval"] += 1
            elif characters > characters_per_package:
                dropped["package is large"] += 1
            elif copies.is_new(file.text):
                rows[package.set].add(file)
                kept, characters = kept + 1, characters + len(file.text)
                count = counts[(package.set, file.language)]
                count[0], count[1] = count[0] + 1, count[1] + len(file.text)
        per_package.append({**package.__dict__, "files": kept, "characters": characters})
        print(f"{package.set:9}{package.name:42}{kept:7,} files{characters:13,} characters", flush=True)
    shards = [path for writer in rows.values() for path in writer.close()]
    statistics = {
        "languages": [{"set": s, "language": language, "files": n, "characters": c}
                      for (s, language), (n, c) in sorted(counts.items())],
        "dropped": dict(sorted(dropped.items())),
        "packages": per_package,
        "shards": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in shards},
    }  # fmt: skip
    (out / "statistics.json").write_text(json.dumps(statistics, indent=1))
    print(json.dumps({key: statistics[key] for key in ("languages", "dropped", "shards")}, indent=1))


def files(package: Package, archives: Path, dropped: dict[str, int]) -> Iterator[File]:
    """The package's files that are worth reading, each in the order of the archive."""
    found = []
    for path, data in files_of(fetch(package, archives)):
        language = languages.get(path.rpartition(".")[2])
        if language is not None:
            found.append((path, language, data))
    # Where TypeScript sources are there, the JavaScript and the declarations beside them are made of them.
    sources = sum(is_source(path) for path, language, _ in found if language == "typescript")
    has_sources = package.registry == "npm" and sources >= 10
    for path, language, data in found:
        if has_sources and (language == "javascript" or path.endswith((".d.ts", ".d.mts", ".d.cts"))):
            dropped["compiled"] += 1
            continue
        try:
            text = data.decode("utf8").replace("\r\n", "\n")
        except UnicodeDecodeError:
            dropped["not UTF-8"] += 1
            continue
        fault = fault_of(path, text)
        if fault is None:
            yield File(package.name, package.set, package.licence, path, language, text)
        else:
            dropped[fault] += 1


def is_source(path: str) -> bool:
    return not path.endswith((".d.ts", ".d.mts", ".d.cts"))


foreign_folders = re.compile(
    r"(^|/)(node_modules|_?vendor(ed)?|third[-_]?party|externals?|site-packages|testdata|fixtures?|__snapshots__"
    r"|locales?|i18n|umd|cjs|commonjs|dist-cjs|\.yarn|generated|gen|bundled|deps|swagger|samples?-data)/"
)
made_names = re.compile(
    r"[.-]min\.|\.bundle\.|\.pb\.go$|_pb2(_grpc)?\.pyi?$|zz_generated|bindata|\.gen\.|_generated|\.flow\.|(^|/)CHANGE"
    r"(LOG|S)|HISTORY|RELEASE_?NOTES",
    re.IGNORECASE,
)
# Looked for as they stand, which is many times faster than one pattern of alternatives.
made_heads = ("auto-generated", "autogenerated", "automatically generated", "code generated", "@generated",
              "generated by", "generated from", "do not edit")  # fmt: skip
copyleft_heads = ("GNU General", "GNU Lesser", "GNU Affero", "GNU Library", "GPL", "Mozilla Public", "MPL-",
                  "Business Source", "Server Side Public", "Commons Clause", "Elastic License", "Eclipse Public",
                  "proprietary")  # fmt: skip
compiled_marks = ("__webpack_require__", "__esModule", "__createBinding", "_interopRequire", "__toESM(",
                  "sourceMappingURL=data", "_createClass(", "_ts_decorate")  # fmt: skip
secrets = {
    "PRIVATE KEY": r"-----BEGIN [A-Z ]*PRIVATE KEY", "AKIA": r"\bAKIA[0-9A-Z]{16}\b",
    "gh": r"\bgh[pousr]_[A-Za-z0-9]{36}\b", "xox": r"\bxox[abprs]-[0-9A-Za-z-]{20,}",
    "sk_live_": r"sk_live_[0-9a-zA-Z]{16,}", "sk-": r"\bsk-[A-Za-z0-9]{32,}\b", "AIza": r"\bAIza[0-9A-Za-z_-]{35}",
    "eyJ": r"\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\.", "glpat-": r"glpat-[\w-]{20}", "npm_": r"npm_[A-Za-z0-9]{36}\b",
    "SG.": r"\bSG\.[\w-]{22}\.[\w-]{43}",
}  # fmt: skip


def fault_of(path: str, text: str) -> str | None:
    """Why a file is left out, or None: its place and name first, then what it says of itself, then its shape."""
    head = text[:2000]
    lines = text.count("\n") + 1
    if foreign_folders.search(path) or path.startswith("."):
        return "vendored, fixture or translation"
    if made_names.search(path) or has(head.lower(), made_heads):
        return "generated or minified"
    if has(head, copyleft_heads):
        return "another licence"
    if not 200 <= len(text) <= 400_000 or lines < 6:
        return "too short or too long"
    longest = max(map(len, text.split("\n")))
    if longest > 1000 or len(text) / lines > 110 or len(text) / lines < 8:
        return "shape of its lines"
    if sum(map(text.count, "0123456789")) > 0.2 * len(text) or "\0" in text or text.count("\\u") > 200:
        return "data"
    if letters(head) < 0.4:
        return "data"
    if not path.endswith(".md") and has(text, compiled_marks):
        return "compiled"
    if any(mark in text and re.search(pattern, text) for mark, pattern in secrets.items()):
        return "secret"
    return None


def has(text: str, marks: tuple[str, ...]) -> bool:
    return any(mark in text for mark in marks)


def letters(text: str) -> float:
    """Share of the bytes that are Latin letters."""
    data = text.encode()
    return 1 - len(data.translate(None, string.ascii_letters.encode())) / max(1, len(data))


class Copies:
    """Remembers every text that it called new; a text with mostly the same lines is not."""

    bands, rows = 16, 4  # Pairs whose lines agree by half become candidates.
    least_agreement = 0.7

    def __init__(self, dropped: dict[str, int]) -> None:
        random = np.random.default_rng(1)
        self.factors = random.integers(1, 2**63, self.bands * self.rows, dtype=np.uint64) | np.uint64(1)
        self.exact: set[bytes] = set()
        self.buckets: dict[bytes, int] = {}
        self.signatures: list[np.ndarray] = []
        self.dropped = dropped

    def is_new(self, text: str) -> bool:
        digest = hashlib.blake2b("".join(text.split()).encode(), digest_size=12).digest()
        if digest in self.exact:
            self.dropped["exact copy"] += 1
            return False
        self.exact.add(digest)
        signature = self.signature(text)
        keys = [bytes([band]) + signature[band * self.rows : (band + 1) * self.rows].tobytes() for band in range(self.bands)]
        for other in {self.buckets[key] for key in keys if key in self.buckets}:
            if np.mean(self.signatures[other] == signature) >= self.least_agreement:
                self.dropped["near copy"] += 1
                return False
        for key in keys:
            self.buckets.setdefault(key, len(self.signatures))
        self.signatures.append(signature)
        return True

    def signature(self, text: str) -> np.ndarray:
        hashes = {zlib.crc32(line.encode()) for line in map(str.strip, text.split("\n")) if len(line) > 6}
        lines = np.fromiter(hashes or {0}, dtype=np.uint64)
        # The high half of a product with an odd number is a hash of its own for each number.
        return ((lines[:, None] * self.factors[None, :]) >> np.uint64(32)).min(axis=0).astype(np.uint32)


def exam_lines(human_eval: Path) -> frozenset[str]:
    """Long lines of HumanEval's tasks and answers; `human_eval` is a file of its infilling rows."""
    found: set[str] = set()
    with gzip.open(human_eval, "rt") as file:
        for row in map(json.loads, file):
            found.update(long_lines(row["prompt"] + row["canonical_solution"] + row["suffix"]))
    return frozenset(found)


def resembles_exam(text: str, exam: frozenset[str]) -> bool:
    return sum(line in exam for line in long_lines(text)) >= 3


def long_lines(text: str) -> Iterable[str]:
    return {line for line in map(str.strip, text.split("\n")) if len(line) >= 32}


class Shards:
    """Writes files into parquet shards; a new one begins where the one before has reached its size."""

    schema = pa.schema([(name, pa.string()) for name in ("package", "licence", "language", "path", "text")])
    group_characters = 24_000_000

    def __init__(self, prefix: Path) -> None:
        self.prefix = prefix
        self.paths: list[Path] = []
        self.writer: pq.ParquetWriter | None = None
        self.files: list[File] = []
        self.characters = 0

    def add(self, file: File) -> None:
        self.files.append(file)
        self.characters += len(file.text)
        if self.characters > self.group_characters:
            self._flush()

    def close(self) -> list[Path]:
        self._flush()
        self._end()
        return self.paths

    def _flush(self) -> None:
        if not self.files:
            return
        if self.writer is None:
            self.paths.append(self.prefix.with_name(f"{self.prefix.name}-{len(self.paths):03}.parquet"))
            # One page a group: the compressor sees as far back as it can.
            self.writer = pq.ParquetWriter(self.paths[-1], self.schema, compression="zstd", compression_level=7,
                                           use_dictionary=["package", "licence", "language"],
                                           data_page_size=2**28, write_statistics=False)  # fmt: skip
        columns = [[getattr(file, name) for file in self.files] for name in self.schema.names]
        self.writer.write_table(pa.table(columns, schema=self.schema))
        self.files, self.characters = [], 0
        if self.paths[-1].stat().st_size > shard_bytes:
            self._end()

    def _end(self) -> None:
        if self.writer is not None:
            self.writer.close()
        self.writer = None


def read_shard(path: Path) -> list[dict[str, str]]:
    return pq.read_table(path).to_pylist()


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()

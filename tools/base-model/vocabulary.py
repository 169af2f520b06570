"""
Stage `vocabulary`: SmolLM2's tokenizer cut to the tokens that code uses.

Kept are the special tokens, all 256 bytes, and merges in the order of how often the corpus uses what they make;
a merge is kept only with the two that it joins. So every text encodes, and decoding gives it back: what has lost
its token becomes several smaller ones. (The original lacks 21 bytes, eight of which a text can have, and drops
them.) Three special tokens that no code needs get new meanings, under the spelling that Hone and others know.
"""
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

# Ids 0..16 of the original stay what they are; these three are read anew.
renamed = {"<gh_stars>": "<fim_prefix>", "<issue_start>": "<fim_suffix>", "<issue_comment>": "<fim_middle>"}
special_count = 17


def original_tokenizer(tokens: list[str], merges: list[str]) -> Tokenizer:
    """From the arrays of the GGUF file, with its `smollm` way of cutting text before merging."""
    pairs = [tuple(merge.split(" ")) for merge in merges]
    return _tokenizer({token: i for i, token in enumerate(tokens)}, pairs, tokens[:special_count])


# GPT-4's way of cutting text, digits one by one, as `qwen2` in src/model/ggufTokenizer.ts.
qwen_words = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
              r"|\s+(?!\S)|\s+")  # fmt: skip


def qwen_tokenizer(tokens: list[str], merges: list[str]) -> Tokenizer:
    """From the arrays of the GGUF file; what spells a special token in a text is text."""
    pairs = [tuple(merge.split(" ")) for merge in merges]
    tokenizer = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=pairs))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(qwen_words), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])  # fmt: skip
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def trim(original: Tokenizer, texts: Iterable[str], size: int) -> tuple[Tokenizer, list[int]]:
    """The trimmed tokenizer, and for each of its ids the original's: the rows of the embedding to keep."""
    model = json.loads(original.to_str())["model"]
    ids: dict[str, int] = model["vocab"]
    tokens = sorted(ids, key=ids.__getitem__)
    merges = [tuple(merge) for merge in model["merges"]]
    parts = {}
    for left, right in merges:
        parts.setdefault(left + right, (left, right))
    specials = tokens[:special_count]
    alphabet = set(pre_tokenizers.ByteLevel.alphabet())
    new = sorted(alphabet - ids.keys())
    kept = set(specials) | alphabet

    used: Counter[int] = Counter()
    for text in texts:
        used.update(original.encode(text, add_special_tokens=False).ids)
    for token_id, _ in sorted(used.items(), key=lambda item: (-item[1], item[0])):
        needed = _closure(tokens[token_id], parts, kept)
        if len(kept) + len(needed) <= size:
            kept |= needed
    for token in tokens:  # The corpus may have used fewer: the earliest merges fill up.
        needed = _closure(token, parts, kept)
        if len(kept) + len(needed) <= size:
            kept |= needed

    chosen = sorted(kept - set(new), key=ids.__getitem__)
    rows = [ids[token] for token in chosen]
    # A byte that the original does not have begins as the nearest one that it has.
    rows += [ids[min(alphabet & ids.keys(), key=lambda other: (abs(ord(other) - ord(byte)), other))] for byte in new]
    names = [renamed.get(token, token) for token in chosen] + new
    vocabulary = {name: i for i, name in enumerate(names)}
    pairs = [(left, right) for left, right in merges if {left, right, left + right} <= kept]
    trimmed = _tokenizer(vocabulary, pairs, names[:special_count])
    return trimmed, rows


def _closure(token: str, parts: dict[str, tuple[str, str]], kept: set[str]) -> set[str]:
    """The token and all that it is merged from, without what is kept already."""
    needed: set[str] = set()
    open_tokens = [token]
    while open_tokens:
        part = open_tokens.pop()
        if part not in kept and part not in needed:
            needed.add(part)
            open_tokens.extend(parts.get(part, ()))
    return needed


def _tokenizer(vocabulary: dict[str, int], merges: list[tuple[str, str]], specials: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, ignore_merges=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
    ])  # fmt: skip
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in specials])
    # A user's text may spell a special token; it is text all the same.
    tokenizer.encode_special_tokens = True
    return tokenizer


def load_tokenizer(path: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.encode_special_tokens = True  # The file does not keep this.
    return tokenizer


def tokens_per_character(tokenizer: Tokenizer, texts: list[str]) -> float:
    encoded = tokenizer.encode_batch(texts, add_special_tokens=False)
    return sum(len(one.ids) for one in encoded) / sum(map(len, texts))

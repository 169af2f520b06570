"""
Rows of tokens to train on, made anew from text each time, so that no epoch sees the same cuts twice.

A row is some of one package's files, each under its path as Hone tells it. Half of what stands in a row is
code with a hole: prefix and suffix are told, the middle comes last (Bavarian et al., arXiv 2207.14255), in both
orders. Holes are what an editor asks for: the rest of a line, whole lines, and now and then anything. A suffix
is as short as Hone tells it, and text after a hole comes again as the prefix of what follows.
"""
import random
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate
from math import inf

from tokenizers import Tokenizer

length = 1025  # T + 1: the first is only read, the last only predicted.
fim_share = 0.5
suffix_tokens = 96  # As `suffixBudget` in src/model/prompt.ts.
least_room = 48  # Tokens at the end of a row that are not worth beginning a file in.
characters_per_token = 3.2  # About; only to choose how much text to encode.

# How much of what is drawn is in which language: the users' first, whatever there is most of.
shares = {"typescript": 0.25, "javascript": 0.15, "python": 0.25, "rust": 0.10, "go": 0.09, "java": 0.07, "c": 0.05,
          "markdown": 0.04}  # fmt: skip


class Specials:
    def __init__(self, tokenizer: Tokenizer) -> None:
        def id_of(token: str) -> int:
            found = tokenizer.token_to_id(token)
            if found is None:
                raise SystemExit(f"The vocabulary has no {token}. Run the stage `vocabulary` first.")
            return found

        self.end = id_of("<|endoftext|>")
        self.repository, self.file = id_of("<repo_name>"), id_of("<file_sep>")
        self.prefix, self.suffix, self.middle = id_of("<fim_prefix>"), id_of("<fim_suffix>"), id_of("<fim_middle>")


def rows(files: list[dict[str, str]], tokenizer: Tokenizer, seed: int) -> Iterator[list[int]]:
    """Endless rows of `length` ids. `files` have package, language, path and text."""
    draw = random.Random(seed)
    specials = Specials(tokenizer)
    for package, near in neighbourhoods(files, shares, draw, 12):
        yield row(near, package, tokenizer, specials, draw)


def neighbourhoods(files: list[dict[str, str]], shares: dict[str, float], draw: random.Random, count: int,
                   most: float = inf) -> Iterator[tuple[str, list[dict[str, str]]]]:  # fmt: skip
    """Endlessly a package and up to `count` files of it that stand beside each other, by the shares of languages and
    the sizes of packages, in characters, `most` at most."""
    groups: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for file in files:
        if file["language"] in shares:
            groups[(file["package"], file["language"])].append(file)
    keys = list(groups)
    sizes = {key: min(most, sum(len(file["text"]) for file in group)) for key, group in groups.items()}
    totals = {name: sum(size for (_, language), size in sizes.items() if language == name) for name in shares}
    sums = list(accumulate(shares[language] * sizes[(package, language)] / totals[language] for package, language in keys))
    while True:
        key = keys[bisect(sums, draw.random() * sums[-1])]
        group = groups[key]
        # Neighbours in a folder stand beside each other in an archive.
        start = draw.randrange(len(group))
        near = group[start : start + count]
        draw.shuffle(near)
        yield key[0], near


def row(files: list[dict[str, str]], package: str, tokenizer: Tokenizer, specials: Specials, draw: random.Random) -> list[int]:
    ids = [specials.repository, *encode(tokenizer, package.split("/")[-1])] if draw.random() < 0.7 else []
    turn = 0
    while length - len(ids) > least_room:
        file = files[turn % len(files)]
        turn += 1
        # Large files are entered somewhere, so that each part is as likely as a small file's.
        at = line_start(file["text"], draw.randrange(len(file["text"]))) if draw.random() < 0.7 else 0
        for _ in range(draw.randint(1, 4)):
            room = length - len(ids)
            if room <= least_room or at >= len(file["text"]) - 20:
                break
            header = [specials.file, *encode(tokenizer, file["path"][-200:] + "\n")]
            if draw.random() < fim_share:
                unit, at = with_hole(file["text"], at, room - len(header), tokenizer, specials, draw)
            else:
                unit, at = plain(file["text"], at, room - len(header), tokenizer)
            ids += header + unit
    return (ids + [specials.end] * length)[:length]


def plain(text: str, at: int, room: int, tokenizer: Tokenizer) -> tuple[list[int], int]:
    end = line_start(text, at + int(max(room, 1) * characters_per_token))
    end = end if end > at else len(text)
    return encode(tokenizer, text[at:end])[: max(0, room)], end


def with_hole(text: str, at: int, room: int, tokenizer: Tokenizer, specials: Specials, draw: random.Random) -> tuple[list[int], int]:
    """Ids of a piece of the text from `at` on with a hole in it, and where the hole ends."""
    reach = max(40, int((room - suffix_tokens) * characters_per_token))
    begin = min(len(text) - 2, at + int(reach * draw.uniform(0.05, 0.9)))
    begin, end = hole(text, begin, draw)
    head, middle = text[at:begin], text[begin:end]
    after = encode(tokenizer, text[end : end + 8 * suffix_tokens])[: suffix_tokens if draw.random() < 0.8 else draw.randint(0, suffix_tokens)]
    frame = 4 + len(after)
    if draw.random() < 0.5:
        # Suffix first: what is asked for goes on from the prefix, also within a token.
        told = encode(tokenizer, head + middle)
        ids = [specials.prefix, specials.suffix, *after, specials.middle, *told[-max(0, room - frame) :]]
    else:
        answer = encode(tokenizer, middle)
        told = encode(tokenizer, head)[-max(1, room - frame - len(answer)) :]
        ids = [specials.prefix, *told, specials.suffix, *after, specials.middle, *answer]
    return [*ids[: max(0, room - 1)], specials.end], max(end, at + 1)


def hole(text: str, begin: int, draw: random.Random) -> tuple[int, int]:
    """Where a hole about `begin` begins and ends: the rest of a line, whole lines after their indent, or anything."""
    kind = draw.random()
    if kind < 0.45:
        return begin, line_end(text, begin)
    if kind < 0.85:
        begin = line_start(text, begin)
        while begin < len(text) - 1 and text[begin] in " \t":
            begin += 1
        end = line_end(text, begin)
        for _ in range(min(draw.randint(1, 8), draw.randint(1, 8)) - 1):
            end = line_end(text, min(len(text), end + 1))
        return begin, end
    return begin, min(len(text), begin + int(draw.uniform(0, 1) ** 2 * 300) + 1)


def line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def encode(tokenizer: Tokenizer, text: str) -> list[int]:
    return tokenizer.encode(text, add_special_tokens=False).ids

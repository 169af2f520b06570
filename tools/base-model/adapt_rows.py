"""
Rows to adapt to. Most are what Hone asks: the code of other files that is most like the code at the cursor, then what
ends the hole, then what leads up to it (src/completion/neighbours.ts, src/model/prompt.ts; Jaccard, weighted by
how rare a name is, arXiv 2408.05026). The others are pieces of neighbouring files with holes in some, in which every
token is text to learn from.
"""
import math
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice

from tokenizers import Tokenizer

from rows import characters_per_token, encode, hole, line_end, line_start, neighbourhoods, plain, suffix_tokens

File = dict[str, str]  # package, language, path and text
Row = tuple[list[int], list[float]]

length = 769  # T + 1: Hone's own prompts are at most 704.
least_room = 64  # Tokens at the end of a row that are not worth beginning a file in.
most_turns = 24  # Files that are tried for a row; long paths may leave no room for any.
hole_share = 0.7
asked_share = 0.7  # Rows that are as Hone asks.
shares = {"typescript": 0.34, "javascript": 0.18, "python": 0.32, "go": 0.05, "rust": 0.04, "java": 0.03, "c": 0.02,
          "markdown": 0.02}  # fmt: skip
characters_per_package = 3_000_000  # A package counts as this large at most when one is drawn.
# Of one house, or built on it, with a package that Hone is measured on: they repeat its lines.
siblings = {"fastapi", "gradio", "ox", "wagmi", "@wagmi/core", "textual"}
# What a token counts in the loss: what fills a hole most, what follows it and the names of files little or nothing.
told, named, written, asked = 0.0, 0.3, 1.0, 3.0

# As neighbours.ts and codeWindows.ts choose, which also look for the very text before the cursor.
window_lines, window_stride = 10, 5
lines_before, lines_after = 6, 4
most_windows, least_alike = 4, 0.08
own_line_weight = 2.0
seen_characters = 1100
window_tokens = 352  # `snippetShare` of `promptBudget`.
searched_files = 32
searched_characters = 40_000  # Of a file.
name = re.compile(r"[\w$]{2,}")
comment = re.compile(r"\s*(\*|//|/\*|#)")


@dataclass(frozen=True)
class Marks:
    """Ids that no code needs, of which SmolLM2 knows at least a little: its unused ones are all the same vector."""

    end: int = 0
    suffix: int = 1
    middle: int = 2
    repository: int = 3
    prefix: int = 4
    file: int = 5


@dataclass(frozen=True)
class Window:
    file: int
    start: int
    end: int
    names: frozenset[str]


class Neighbourhood:
    """Files among which to look for code that is like some other."""

    def __init__(self, files: list[File]) -> None:
        self.files = files
        self.windows = [window for i, file in enumerate(files) for window in windows_of(i, file["text"][:searched_characters])]
        counts = Counter(one for window in self.windows for one in window.names)
        self.rarity = {one: math.log(1 + len(self.windows) / (1 + count)) for one, count in counts.items()}

    def near(self, file: int, begin: int, end: int) -> list[tuple[str, str]]:
        """Path and text of what is most like the code around the hole from `begin` to `end`, which is not seen."""
        text = self.files[file]["text"]
        start, stop = lines_back(text, begin, lines_before), lines_on(text, end, lines_after)
        query = dict.fromkeys(name.findall(text[start:begin]) + name.findall(text[end:stop]), 1.0)
        query.update(dict.fromkeys(name.findall(text[line_start(text, begin) : begin]), own_line_weight))
        alike = sorted(
            (-self.likeness(query, window), i) for i, window in enumerate(self.windows)
            if window.file != file or window.end <= begin - seen_characters or window.start >= stop
        )  # fmt: skip
        chosen: list[Window] = []
        for unlikeness, i in alike:
            window = self.windows[i]
            if -unlikeness < least_alike or len(chosen) == most_windows:
                break
            if not any(window.file == other.file and window.start < other.end and other.start < window.end for other in chosen):
                chosen.append(window)
        return [(self.files[one.file]["path"], self.files[one.file]["text"][one.start : one.end].rstrip()) for one in chosen]

    def likeness(self, query: dict[str, float], window: Window) -> float:
        common = sum(weight * self.rarity.get(one, 0.0) for one, weight in query.items() if one in window.names)
        every = sum(weight * self.rarity.get(one, 0.0) for one, weight in query.items())
        every += sum(self.rarity.get(one, 0.0) for one in window.names) - common
        return common / every if every else 0.0


def windows_of(file: int, text: str) -> list[Window]:
    starts = [0, *(at.end() for at in re.finditer("\n", text)), len(text)]
    return [
        Window(file, starts[i], end := starts[min(i + window_lines, len(starts) - 1)], frozenset(name.findall(text[starts[i] : end])))
        for i in range(0, max(1, len(starts) - 1 - window_lines + window_stride), window_stride)
    ]  # fmt: skip


def lines_back(text: str, at: int, count: int) -> int:
    for _ in range(count + 1):
        at = text.rfind("\n", 0, max(0, at))
    return max(0, at)


def lines_on(text: str, at: int, count: int) -> int:
    at -= 1
    for _ in range(count + 1):
        at = line_end(text, at + 1)
    return at


def rows(files: list[File], tokenizer: Tokenizer, seed: int, marks: Marks = Marks()) -> Iterator[Row]:
    """Endless rows of `length` ids, and what each counts."""
    draw = random.Random(seed)
    kept = [file for file in files if file["package"] not in siblings]
    for package, near in neighbourhoods(kept, shares, draw, searched_files, characters_per_package):
        made = row_of_hole(near, package, tokenizer, marks, draw) if draw.random() < asked_share else None
        if made is None:
            ids = beginning(package, tokenizer, marks, draw)
            made = with_pieces(ids, [told] * len(ids), near[:8], tokenizer, marks, draw)
        yield made


def row_of_hole(files: list[File], package: str, tokenizer: Tokenizer, marks: Marks, draw: random.Random) -> Row | None:
    """One place in one file, told as Hone tells it; None where nothing is like it. What room is left has pieces."""
    target = draw.randrange(len(files))
    text = files[target]["text"]
    if len(text) < 200:
        return None
    begin = draw.randrange(80, len(text) - 2)
    begin, end = rest_of_line(text, begin) if draw.random() < 0.7 else hole(text, begin, draw)
    # Within a comment nobody is asked.
    if not text[begin:end].strip() or comment.match(text, line_start(text, begin)):
        return None
    ids = beginning(package, tokenizer, marks, draw)
    most = len(ids) + window_tokens
    for path, window in Neighbourhood(files).near(target, begin, end):
        unit = [marks.file, *encode(tokenizer, f"{path[-200:]}\n{window}\n")]
        if len(ids) + len(unit) <= most:
            ids += unit
    if ids.count(marks.file) == 0:
        return None
    ids += [marks.file, *encode(tokenizer, files[target]["path"][-200:] + "\n")]
    weights = [named] * len(ids)
    unit, counts, _ = place(text, max(0, begin - 2200), begin, end, length - len(ids), tokenizer, marks, draw)
    return with_pieces(ids + unit, weights + counts, [file for i, file in enumerate(files) if i != target][:8], tokenizer, marks, draw)


def rest_of_line(text: str, at: int) -> tuple[int, int]:
    """From a place in a line, after its indent, to the line's end."""
    code = line_start(text, at)
    while code < len(text) and text[code] in " \t":
        code += 1
    return max(code, at), line_end(text, max(code, at))


def with_pieces(ids: list[int], weights: list[float], files: list[File], tokenizer: Tokenizer, marks: Marks, draw: random.Random) -> Row:
    """A row that goes on with pieces of these files, holes in some, up to its end."""
    for file in islice(cycle(files), most_turns):
        if length - len(ids) <= least_room:
            break
        text = file["text"]
        at = line_start(text, draw.randrange(len(text))) if draw.random() < 0.7 else 0
        for _ in range(draw.randint(1, 3)):
            header = [marks.file, *encode(tokenizer, file["path"][-200:] + "\n")]
            # Pieces of all lengths: neighbours are told in windows.
            room = min(length - len(ids) - len(header), draw.choice((160, 300, 420, 600, 760)))
            if room < least_room or at >= len(text) - 20:
                break
            if draw.random() < hole_share:
                reach = max(40, int((room - suffix_tokens) * characters_per_token))
                begin, end = hole(text, min(len(text) - 2, at + int(reach * draw.uniform(0.05, 0.9))), draw)
                unit, counts, at = place(text, at, begin, end, room, tokenizer, marks, draw)
            else:
                unit, at = plain(text, at, room, tokenizer)
                counts = [written] * len(unit)
            ids += header + unit
            weights += [told] + [named] * (len(header) - 1) + counts
    return (ids + [marks.end] * length)[:length], (weights + [told] * length)[:length]


def beginning(package: str, tokenizer: Tokenizer, marks: Marks, draw: random.Random) -> list[int]:
    return [marks.repository, *encode(tokenizer, package.split("/")[-1])] if draw.random() < 0.8 else []


def place(text: str, start: int, begin: int, end: int, room: int, tokenizer: Tokenizer, marks: Marks, draw: random.Random) -> tuple[list[int], list[float], int]:
    """Ids of text[start:end] as far as there is room, of which what stands from `begin` on is asked for; what they
    count; and where the hole ends."""
    most = suffix_tokens if draw.random() < 0.85 else draw.randint(0, suffix_tokens)
    after = encode(tokenizer, text[end : end + 8 * suffix_tokens])[:most]
    # Prefix and middle are encoded as one, so that a cursor within a word is nothing new.
    before = len(encode(tokenizer, text[start:begin]))
    whole = encode(tokenizer, text[start:end])
    answer = max(1, len(whole) - before)
    whole = whole[-max(1, room - len(after) - 4) :]
    ids = [marks.prefix, marks.suffix, *after, marks.middle, *whole, marks.end]
    counts = [told] * (3 + len(after)) + [written] * max(0, len(whole) - answer) + [asked] * (min(len(whole), answer) + 1)
    return ids, counts, max(end, start + 1)

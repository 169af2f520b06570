"""
Rows to heal a policy on that was taught holes by others and quantised since. Each is one hole told as Hone tells it:
code of other files that is like the code at the cursor, what follows the hole, what leads up to it (adapt_rows.py).
What an editor does shapes the holes: it closes brackets and quotes by itself and Hone takes those closers away before
it asks, so a third of the holes begin within a bracket or a quote and go on past its end; and where a block begins,
Hone asks for several lines. The hole counts, with a few tokens before it.
"""
import random
import re
from collections.abc import Iterator

from tokenizers import Tokenizer

from adapt_rows import (
    File, Marks, Neighbourhood, Row, asked, beginning, characters_per_package, comment, place, rest_of_line, siblings, told,
)  # fmt: skip
from rows import encode, line_end, line_start, neighbourhoods

qwen_marks = Marks(end=151643, suffix=151661, middle=151660, repository=151663, prefix=151659, file=151664)

longest = 705  # T + 1: `promptBudget`.
# Tokens for code of other files, and for what surrounds the hole: as much as Hone tells at most, mostly less, since a
# hole a second teaches more than its whole surroundings.
window_rooms, file_rooms = (0, 96, 192, 352), (192, 256, 352)
searched_files = 16
counted_before = 24
longest_answer = 160
most_lines = 12  # `maxLines` in src/model/stop.ts.
shares = {"typescript": 0.34, "javascript": 0.17, "python": 0.32, "go": 0.04, "rust": 0.03, "java": 0.03, "c": 0.02,
          "markdown": 0.05}  # fmt: skip
holes = {"line": 0.4, "brackets": 0.34, "block": 0.2, "anything": 0.06}
# Of the houses of packages that Hone is measured on, beside those that adapt_rows.py leaves out.
kin = siblings | {"@tanstack/db", "@tanstack/form-core", "@tanstack/react-router", "@tanstack/router-core",
                  "@tanstack/table-core", "@tanstack/virtual-core"}  # fmt: skip
closes = {"(": ")", "[": "]", "{": "}", '"': '"', "'": "'", "`": "`"}
opens_block = re.compile(r"([({\[:]|=>)[ \t]*$")


def recipe_of_rows() -> str:
    """What rows depend on beside the corpus, to be compared."""
    return repr((longest, window_rooms, file_rooms, searched_files, counted_before, longest_answer, most_lines, holes, shares))


def rows(files: list[File], tokenizer: Tokenizer, seed: int, marks: Marks) -> Iterator[Row]:
    """Endless rows of at most `longest` ids, and what each counts."""
    draw = random.Random(seed)
    kept = [file for file in files if file["package"] not in kin]
    for package, near in neighbourhoods(kept, shares, draw, searched_files, characters_per_package):
        row = row_of(near, package, tokenizer, marks, draw)
        if row is not None:
            yield row


def row_of(files: list[File], package: str, tokenizer: Tokenizer, marks: Marks, draw: random.Random) -> Row | None:
    target = draw.randrange(len(files))
    text = files[target]["text"]
    begin, end = hole(text, draw.randrange(len(text)), draw)
    if not text[begin:end].strip() or comment.match(text, line_start(text, begin)):
        return None
    ids = beginning(package, tokenizer, marks, draw)
    room = draw.choice(window_rooms)
    most = len(ids) + room
    for path, window in Neighbourhood(files).near(target, begin, end) if room else ():
        unit = [marks.file, *encode(tokenizer, f"{path[-200:]}\n{window}\n")]
        if len(ids) + len(unit) <= most:
            ids += unit
    ids += [marks.file, *encode(tokenizer, files[target]["path"][-200:] + "\n")]
    unit, counts, _ = place(text, max(0, begin - 2200), begin, end, min(draw.choice(file_rooms), longest - len(ids)), tokenizer, marks, draw)
    answer = counts.count(asked)
    if answer > longest_answer:
        return None
    counted = [told] * (len(unit) - answer - counted_before) + counts[-(answer + counted_before) :]
    return ids + unit, [told] * len(ids) + counted[-len(unit) :]


def hole(text: str, at: int, draw: random.Random) -> tuple[int, int]:
    """Where a hole near `at` begins and ends."""
    (kind,) = draw.choices(list(holes), list(holes.values()))
    found = None
    if kind == "brackets":
        found = within_brackets(text, at, draw)
    elif kind == "block":
        found = block(text, at, draw)
    elif kind == "anything":
        return at, min(len(text), at + 1 + int(draw.random() ** 2 * 200))
    return found or rest_of_line(text, at)


def within_brackets(text: str, at: int, draw: random.Random) -> tuple[int, int] | None:
    """The rest of one of the next lines, from a place on where a bracket or a quote is open that the line closes: what
    an editor would have closed is part of the hole."""
    for _ in range(12):
        start, end = line_start(text, at), line_end(text, at)
        inside = open_places(text[start:end])
        if inside:
            return start + draw.choice(inside), end
        at = end + 1
        if at >= len(text):
            break
    return None


def open_places(line: str) -> list[int]:
    """Places of a line before which something opens that it closes behind them."""
    stack: list[tuple[str, int]] = []
    inside: set[int] = set()
    for at, character in enumerate(line):
        if stack and character == stack[-1][0]:
            inside.update(range(stack.pop()[1], at + 1))
        elif character in closes and not (stack and stack[-1][0] in "\"'`"):
            stack.append((closes[character], at + 1))
    return sorted(inside)


def block(text: str, at: int, draw: random.Random) -> tuple[int, int] | None:
    """The lines of a block that begins soon after `at` and is no longer than Hone proposes; from the end of the line that
    opens it or from its first word on, to its last line or with the line that closes it."""
    for _ in range(24):
        start, end = line_start(text, at), line_end(text, at)
        at = end + 1
        if at >= len(text):
            break
        if opens_block.search(text[start:end]):
            depth = indent(text[start:end])
            inner = last = end
            for _ in range(most_lines):
                next_end = line_end(text, min(len(text), last + 1))
                line = text[last + 1 : next_end]
                if not line.strip() or indent(line) <= depth:
                    break
                last = next_end
            else:
                continue
            if last == inner:
                continue
            closing = text[last + 1 : line_end(text, min(len(text), last + 1))]
            if closing.strip()[:1] in (")", "]", "}") and indent(closing) == depth and draw.random() < 0.4:
                last += 1 + len(closing)
            first = inner + 1 + indent(text[inner + 1 : last])
            return (first if draw.random() < 0.6 else inner), last
    return None


def indent(line: str) -> int:
    """Characters of white space that a line begins with."""
    return len(line) - len(line.lstrip(" \t"))

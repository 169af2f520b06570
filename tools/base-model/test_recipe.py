"""Small tests of the recipe, on data made here: `python3 -m pytest tools/base-model`. No network, no model, seconds."""
import random
from collections import defaultdict

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, pre_tokenizers, trainers

import blocks
import corpus
import evaluate
import model
import rows
import train
import vocabulary
from packages import is_permissive, spdx

code = '''def add(first, second):
    """Adds two numbers and returns what they come to."""
    total = first + second
    return total

class Counter:
    def __init__(self, start: int = 0) -> None:
        self.value = start

    def increase(self, amount: int = 1) -> int:
        self.value += amount
        return self.value
'''


@pytest.fixture(scope="module")
def original() -> Tokenizer:
    """A small byte-level tokenizer with the original's special tokens and its way of cutting text."""
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>", "<reponame>", "<file_sep>", "<filename>",
                "<gh_stars>", "<issue_start>", "<issue_comment>", *(f"<free_{i}>" for i in range(7))]  # fmt: skip
    lost = {"ñ", "Ħ"}  # The original lacks bytes too.
    tokenizer = vocabulary._tokenizer({}, [], [])
    trainer = trainers.BpeTrainer(vocab_size=700, special_tokens=specials, initial_alphabet=sorted(set(pre_tokenizers.ByteLevel.alphabet()) - lost))
    tokenizer.train_from_iterator([code * 3, "αβγ 漢字 straße 😀 " * 4], trainer)
    return tokenizer


@pytest.fixture(scope="module")
def trimmed(original: Tokenizer) -> Tokenizer:
    return vocabulary.trim(original, [code], 400)[0]


@given(text=st.text(st.characters(codec="utf-8")))
@example(text="\U00040000\x04\x1d\U0010ffff")
@settings(max_examples=400, deadline=None)
def test_every_text_survives_the_trimmed_vocabulary(trimmed: Tokenizer, text: str) -> None:
    ids = rows.encode(trimmed, text)
    assert trimmed.decode(ids, skip_special_tokens=False) == text


def test_a_special_token_in_a_text_is_text(trimmed: Tokenizer) -> None:
    ids = rows.encode(trimmed, "a<|endoftext|><fim_middle>b")
    assert min(ids) >= vocabulary.special_count
    assert trimmed.decode(ids, skip_special_tokens=False) == "a<|endoftext|><fim_middle>b"


def test_trimming_keeps_bytes_specials_and_the_rows_of_what_it_keeps(original: Tokenizer) -> None:
    trimmed, kept = vocabulary.trim(original, [code], 400)
    assert trimmed.get_vocab_size() == len(kept) == 400
    assert kept[: vocabulary.special_count] == list(range(vocabulary.special_count))
    assert trimmed.token_to_id("<fim_prefix>") == original.token_to_id("<gh_stars>")
    assert kept[trimmed.token_to_id("ñ")] == original.token_to_id("ð")
    for token in set(pre_tokenizers.ByteLevel.alphabet()) & original.get_vocab().keys():
        assert kept[trimmed.token_to_id(token)] == original.token_to_id(token)


@pytest.mark.parametrize("kind,steps", [("Q4_1", 15), ("Q5_1", 31), ("Q8_0", 254)])
def test_blocks_come_back_within_half_a_step(kind: str, steps: int) -> None:
    matrix = torch.randn(8, 96, generator=torch.Generator().manual_seed(1))
    back = blocks.decode(blocks.encode(matrix, kind), 96)
    spread = matrix.reshape(-1, 32)
    step = (spread.abs().amax(1) * 2 if kind == "Q8_0" else spread.amax(1) - spread.amin(1)) / steps
    assert ((back - matrix).reshape(-1, 32).abs() <= step[:, None] * 0.52 + 2e-3).all()
    assert torch.allclose(blocks.rounded(matrix, kind), back, atol=1e-6)


def test_gradients_pass_through_rounding() -> None:
    matrix = torch.randn(4, 32, requires_grad=True)
    blocks.rounded(matrix, "Q4_1").sum().backward()
    assert torch.equal(matrix.grad, torch.ones_like(matrix))


def test_a_model_is_the_same_after_its_file(tmp_path) -> None:
    torch.manual_seed(0)
    decoder = model.Decoder(model.Shape(64, 2, 64, 96, 2, 1))
    decoder.round_weights(model.shipped)
    model.save_blocks(decoder, tmp_path / "model.blocks")
    ids = torch.arange(20)[None]
    assert torch.allclose(model.load_blocks(tmp_path / "model.blocks")(ids), decoder(ids), atol=1e-5)


def test_rows_are_full_and_holes_are_told_in_both_orders(trimmed: Tokenizer) -> None:
    files = [{"package": "p", "language": "python", "path": "p/a.py", "text": code * 30}]
    stream = rows.rows(files, trimmed, seed=1)
    special = rows.Specials(trimmed)
    suffix_first = prefix_first = 0
    for _ in range(40):
        ids = next(stream)
        assert len(ids) == rows.length
        for i, token in enumerate(ids[:-1]):
            if token == special.prefix:
                suffix_first += ids[i + 1] == special.suffix
                prefix_first += ids[i + 1] != special.suffix
    assert suffix_first > 20 and prefix_first > 20
    assert next(rows.rows(files, trimmed, seed=1)) == next(rows.rows(files, trimmed, seed=1))


def test_a_language_is_drawn_by_its_share_not_by_its_size(trimmed: Tokenizer) -> None:
    names = {"python": code * 40, "rust": code}
    files = [{"package": name, "language": name, "path": f"{name}/a", "text": text} for name, text in names.items()]
    stream = rows.rows(files, trimmed, seed=3)
    texts = [trimmed.decode(next(stream), skip_special_tokens=False) for _ in range(120)]
    found = sum("rust/a" in text for text in texts) / len(texts)
    assert abs(found - rows.shares["rust"] / (rows.shares["rust"] + rows.shares["python"])) < 0.15


def test_a_hole_its_prefix_and_its_suffix_are_the_text(trimmed: Tokenizer) -> None:
    special = rows.Specials(trimmed)
    for seed in range(60):
        ids, end = rows.with_hole(code, 0, 900, trimmed, special, random.Random(seed))
        text = trimmed.decode([i for i in ids if i >= vocabulary.special_count], skip_special_tokens=False)
        if ids[1] == special.suffix:
            middle = ids.index(special.middle)
            after, before = ids[2:middle], ids[middle + 1 : -1]
            assert trimmed.decode(before) == code[:end]
            assert code[end:].startswith(trimmed.decode(after))
        else:
            start, middle = ids.index(special.suffix), ids.index(special.middle)
            assert trimmed.decode(ids[1:start]) + trimmed.decode(ids[middle + 1 : -1]) == code[:end]
        assert ids[-1] == special.end and text


@pytest.mark.parametrize("path,text,fault", [
    ("src/a.ts", "const value = compute(1);\n" * 20, None),
    ("node_modules/x/a.ts", "const value = compute(1);\n" * 20, "vendored, fixture or translation"),
    ("src/a.min.js", "const value = compute(1);\n" * 20, "generated or minified"),
    ("src/a.go", "// Code generated by x. DO NOT EDIT.\n" + "const value = compute(1);\n" * 20, "generated or minified"),
    ("src/a.c", "/* GNU General Public License */\n" + "int value = compute(1);\n" * 20, "another licence"),
    ("src/a.js", "a" * 1500 + "\n" + "const value = compute(1);\n" * 20, "shape of its lines"),
    ("src/a.ts", "const value = compute(1);\n" * 20 + f"const key = 'AKIA{'A' * 16}';\n", "secret"),
])  # fmt: skip
def test_what_people_did_not_write_is_left_out(path: str, text: str, fault: str | None) -> None:
    assert corpus.fault_of(path, text) == fault


def test_copies_are_found_though_some_lines_differ() -> None:
    copies = corpus.Copies(defaultdict(int))
    lines = [f"let value{i} = compute({i});" for i in range(100)]
    assert copies.is_new("\n".join(lines))
    assert not copies.is_new("\n".join(f"  {line}" for line in lines))
    assert not copies.is_new("\n".join([*lines[:95], "something(else_);"]))
    assert copies.is_new("\n".join(f"let other{i} = derive({i});" for i in range(100)))


@pytest.mark.parametrize("expression,expected", [
    ("MIT", True), ("MIT/Apache-2.0", True), ("(MIT OR GPL-3.0) AND Zlib", True), ("MIT AND GPL-3.0", False),
    ("(MIT OR Apache-2.0) AND GPL-2.0", False), ("SEE LICENSE IN LICENSE.txt", False), ("", False),
])  # fmt: skip
def test_a_licence_is_permissive_only_as_a_whole(expression: str, expected: bool) -> None:
    assert is_permissive(expression) is expected


def test_a_licence_is_known_by_its_text() -> None:
    assert spdx("Permission is hereby granted, free of charge, to any person") == "MIT"
    assert spdx("GNU Lesser General Public License, and Apache License 2.0 for some files") == ""


def test_the_rate_rises_stays_and_falls() -> None:
    plan = train.Plan(seconds=100)
    rates = [train.rate_at(done, plan) for done in (0.001, 0.02, 0.5, 0.79, 0.9, 1.0)]
    assert rates[0] < rates[1] == rates[2] == rates[3] == plan.rate > rates[4] > rates[5] > 0


def test_an_answer_that_is_right_or_wrong_is_called_so() -> None:
    question = evaluate.Question("g", "a.py", "def f(x):\n    ", "\n", "return x + 1", "assert f(1) == 2\n")
    assert evaluate.is_right(question, "return 1 + x")
    assert not evaluate.is_right(question, "return x")
    low, high = evaluate.interval(3, 10)
    assert 0.1 < low < 0.3 < high < 0.62

"""Small tests of the recipe, on data made here: `python3 -m pytest tools/base-model`. No network, no model, seconds."""
import json
import random
from collections import defaultdict

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from tokenizers import Tokenizer, pre_tokenizers, trainers

import adapt
import adapt_rows
import blocks
import corpus
import evaluate
import model
import recipe
import rows
import surgery
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


def test_layers_go_one_after_another_each_time_the_one_that_is_missed_least() -> None:
    torch.manual_seed(0)
    decoder, ids = model.Decoder(model.Shape(64, 6, 64, 96, 2, 1)), torch.randint(64, (2, 12))
    for layer in decoder.layers:  # Far enough from each other that no two are missed alike.
        torch.nn.init.normal_(layer.mlp.down_proj.weight, std=0.3)
    layers = list(range(6))
    losses = surgery.losses_without_each(decoder, ids, layers, set(layers))
    assert losses[3] == pytest.approx(surgery.loss_of(decoder, ids, [0, 1, 2, 4, 5]), abs=1e-4)
    while len(layers) > 3:
        layers = min(([i for i in layers if i != out] for out in layers), key=lambda kept: surgery.loss_of(decoder, ids, kept))
    assert surgery.one_after_another(decoder, ids, losses, keep=3) == layers


def test_every_choice_keeps_as_many_layers_in_their_order() -> None:
    losses = {0: 9.0, 1: 2.0, 2: 3.0, 3: 2.5, 4: 2.1, 5: 4.0, 6: 2.2, 7: 5.0}
    found = surgery.choices(losses, 4)
    assert found["dearest alone"] == [0, 2, 5, 7]
    assert all(kept == sorted(set(kept)) and len(kept) == 4 for kept in found.values())


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


def test_rows_to_adapt_to_count_what_fills_a_hole_most_and_what_follows_it_not(original: Tokenizer) -> None:
    files = [{"package": "p", "language": "python", "path": f"p/{i}.py", "text": code * 60} for i in range(2)]
    marks, stream = adapt_rows.Marks(), adapt_rows.rows(files, original, seed=1)
    holes = likened = 0
    for ids, weights in (next(stream) for _ in range(60)):
        assert len(ids) == len(weights) == adapt_rows.length
        for start in (i for i, token in enumerate(ids) if token == marks.prefix and marks.end in ids[i:]):
            assert ids[start + 1] == marks.suffix
            middle, end = ids.index(marks.middle, start), ids.index(marks.end, start)
            answer = next(i for i in range(middle, end + 1) if weights[i] == adapt_rows.asked)
            after, before, answer = (original.decode(ids[a:b]) for a, b in ((start + 2, middle), (middle + 1, answer), (answer, end)))
            assert before + answer + after in code * 60
            assert set(weights[start : middle + 1]) == {adapt_rows.told} and weights[end] == adapt_rows.asked
            holes += 1
        likened += ids.count(marks.prefix) == 1 and ids.count(marks.file) > 1
    assert holes > 60 and likened > 20
    assert next(adapt_rows.rows(files, original, seed=1)) == next(adapt_rows.rows(files, original, seed=1))


def test_code_like_the_code_at_a_hole_is_found_and_the_hole_itself_is_not() -> None:
    unlike = "def product(first, second):\n    return first @ second\n" * 12
    like = "price = price_of(basket, discount)\ncharge(customer, price)\n" * 8
    here = like + "refund(customer, price)\n" + like[: len(like) // 4]
    files = [{"package": "p", "language": "python", "path": f"{i}.py", "text": text} for i, text in enumerate((unlike, like, here))]
    begin = here.index("refund")
    near = adapt_rows.Neighbourhood(files).near(2, begin, begin + len("refund(customer, price)"))
    assert [path for path, _ in near] == ["1.py"] * 2 and "\n".join(window for _, window in near) == like.rstrip()


def test_low_rank_changes_begin_as_nothing_learn_and_go_to_a_file(tmp_path) -> None:
    torch.manual_seed(0)
    decoder = model.Decoder(model.Shape(64, 2, 64, 96, 2, 1))
    ids = [torch.randint(64, (24,)).tolist() for _ in range(2)]
    batch = [(row, [1.0] * len(row)) for row in ids]
    exact = train.loss_of(decoder, torch.tensor(ids)).item()
    plan = adapt.Plan(seconds=1, rank=4, alpha=8)
    adapt.made_low_rank(decoder, plan.rank, plan.alpha)
    learned = {name: p for name, p in decoder.named_parameters() if p.requires_grad}
    assert {name.rsplit(".", 1)[1] for name in learned} == {"a", "b"}
    assert adapt.loss_of(decoder, batch).item() == pytest.approx(exact, rel=0.02)
    optimizer = torch.optim.AdamW(learned.values(), lr=1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        adapt.loss_of(decoder, batch).backward()
        optimizer.step()
    assert adapt.loss_of(decoder, batch).item() < 0.7 * exact
    torch.save({"learned": [p.data for p in learned.values()]}, tmp_path / "state.pt")
    adapt.write_adapter(tmp_path / "state.pt", tmp_path / "adapter", "0" * 64, plan)
    tensors = load_file(tmp_path / "adapter/adapter_model.safetensors")
    b = tensors["base_model.model.model.layers.1.mlp.down_proj.lora_B.weight"]
    assert torch.equal(b, decoder.layers[1].mlp.down_proj.b.data.bfloat16()) and len(tensors) == len(learned)
    again = [torch.nn.Parameter(torch.zeros_like(p)) for p in learned.values()]
    adapt.read_adapter(tmp_path / "adapter", again)
    assert all(torch.equal(p.bfloat16(), q.bfloat16()) for p, q in zip(again, learned.values()))


def test_the_surprise_and_its_gradient_are_those_of_the_definition() -> None:
    x, table = torch.randn(5, 8, requires_grad=True), torch.randn(12, 8)
    labels, weights = torch.tensor([3, 0, 11, 5, 5]), torch.tensor([1.0, 3.0, 0.3, 1.0, 2.0])
    wanted = (torch.nn.functional.cross_entropy(x @ table.T, labels, reduction="none") * weights).sum()
    (gradient,) = torch.autograd.grad(wanted, x)
    found = adapt.Surprise.apply(x, table, labels, weights)
    assert found.item() == pytest.approx(wanted.item(), rel=1e-5)
    assert torch.allclose(torch.autograd.grad(found, x)[0], gradient, atol=1e-5)


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
    question = evaluate.Question("g", "p", "a.py", "def f(x):\n    ", "\n", "return x + 1", "assert f(1) == 2\n")
    assert evaluate.is_right(question, "return 1 + x")
    assert not evaluate.is_right(question, "return x")
    low, high = evaluate.interval(3, 10)
    assert 0.1 < low < 0.3 < high < 0.62


def test_bits_a_character_are_counted_over_all_files_together() -> None:
    ratio, low, high = evaluate.ratio_interval([(100.0, 100), (30.0, 20)])
    assert ratio == pytest.approx(130 / 120)
    assert low < ratio < high
    assert evaluate.ratio_interval([(50.0, 100), (10.0, 20)]) == pytest.approx((0.5, 0.5, 0.5))


def test_a_table_has_sums_and_what_hone_answered_beside_what_the_harness_asked(tmp_path) -> None:
    report = {"model": "m", "weights": 66_100_000, "told": "prefix alone", "bits and characters": {"go": [[10.0, 20], [30.0, 20]]},
              "right": {"HumanEval line": [1, 4], "go line": [1, 2], "rust line": [0, 2]}}  # fmt: skip
    (tmp_path / "m.json").write_text(json.dumps(report))
    answers = [{"taskId": "go line 0", "exact": True}, {"taskId": "go line 1", "exact": False}]
    (tmp_path / "m.hone.jsonl").write_text("".join(json.dumps(row) + "\n" for row in answers))
    rows_of = dict(line.strip("| ").split(" | ") for line in evaluate.table(evaluate.read_reports(tmp_path)).split("\n")[2:])
    assert rows_of["all languages line, % right"] == "25 (5 to 70) of 4"
    assert rows_of["go line in Hone, % right"] == "50 (9 to 91) of 2"
    assert rows_of["go, bits a character"].startswith("1.00 (")
    assert rows_of["told of a file"] == "prefix alone"


def test_a_hash_is_compared_with_the_recorded_one(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(recipe, "work", tmp_path)
    monkeypatch.setattr(recipe, "here", tmp_path)
    (tmp_path / "a").write_text("text")
    (tmp_path / "hashes.txt").write_text("982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1  a\n")
    recipe.show(tmp_path / "a")
    (tmp_path / "a").write_text("another text")
    recipe.show(tmp_path / "a")
    assert [("as recorded" in line, "NOT" in line) for line in capsys.readouterr().out.splitlines()] == [(True, False), (False, True)]


def test_groups_are_asked_in_turn_and_answers_kept(tmp_path) -> None:
    items = [("a", i) for i in range(4)] + [("b", i) for i in range(2)]
    order = evaluate.in_turn(items, lambda item: item[0])
    assert sorted(order) == items and {item[0] for item in order[:3]} == {"a", "b"} and order[:3].count(("b", 0)) == 1
    kept = evaluate.Kept(tmp_path / "answers.jsonl")
    assert kept.of("key", lambda: ["text", True]) == ["text", True]
    again = evaluate.Kept(tmp_path / "answers.jsonl")
    assert "key" in again and again.of("key", lambda: pytest.fail("It was asked before.")) == ["text", True]

"""
Stage `pack`: the weights as one GGUF file that `hone import` (and others) read, and its model card.

Trained weights stay in the very blocks that training rounded them to. The card tells data, licences, numbers and
limits, from what the stages before measured; nothing in it is written by hand but its sentences.
"""
import json
from collections import Counter
from pathlib import Path

from gguf import GGMLQuantizationType, GGUFWriter, TokenType
from safetensors import safe_open
from tokenizers import Tokenizer

from blocks import row_bytes, block
from evaluate import answer_tokens, prefix_tokens, suffix_tokens, table
from model import Shape
from packages import read_manifest
from surgery import names
from vocabulary import special_count

largest = 45_000_000  # Bytes; more is too much for a repository.


def write_gguf(blocks: Path, tokenizer: Tokenizer, name: str, out: Path) -> int:
    """Returns its size in bytes; raises when it is too large to ship."""
    gguf_names = {theirs: ours for ours, theirs in names.items()}
    with safe_open(blocks, "pt") as file:
        shape = Shape(**json.loads(file.metadata()["shape"]))
        writer = GGUFWriter(out, "llama")
        writer.add_name(name)
        writer.add_license("apache-2.0")
        writer.add_block_count(shape.num_hidden_layers)
        writer.add_context_length(2048)
        writer.add_embedding_length(shape.hidden_size)
        writer.add_feed_forward_length(shape.intermediate_size)
        writer.add_head_count(shape.num_attention_heads)
        writer.add_head_count_kv(shape.num_key_value_heads)
        writer.add_layer_norm_rms_eps(shape.rms_norm_eps)
        writer.add_rope_freq_base(shape.rope_theta)
        writer.add_rope_dimension_count(shape.head_size)
        _add_tokenizer(writer, tokenizer)
        for key in file.keys():
            data = file.get_tensor(key)
            if key == "embed_tokens.weight":
                ours, columns = "token_embd.weight", shape.hidden_size
            elif key == "norm.weight":
                ours, columns = "output_norm.weight", 0
            else:
                _, layer, rest = key.split(".", 2)
                part = gguf_names[rest.removesuffix(".weight")]
                ours = f"blk.{layer}.{part}.weight"
                columns = {"attn_output": shape.hidden_size, "ffn_down": shape.intermediate_size}.get(part, shape.hidden_size)
                if part in ("attn_q", "attn_k"):
                    heads = shape.num_attention_heads if part == "attn_q" else shape.num_key_value_heads
                    # Back to neighbouring rows, see `read_weights` in surgery.py.
                    data = data.view(heads, 2, -1, data.shape[1]).transpose(1, 2).reshape(data.shape)
            if data.dim() == 1:
                writer.add_tensor(ours, data.numpy())
            else:
                size = data.shape[1] * block // columns
                kind = next(kind for kind, bytes_of in row_bytes.items() if bytes_of == size)
                writer.add_tensor(ours, data.contiguous().numpy(), raw_dtype=GGMLQuantizationType[kind])
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    size = out.stat().st_size
    if size > largest:
        raise SystemExit(f"{out} has {size:,} bytes, more than {largest:,}.")
    return size


def _add_tokenizer(writer: GGUFWriter, tokenizer: Tokenizer) -> None:
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].__getitem__)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([TokenType.CONTROL if i < special_count else TokenType.NORMAL for i in range(len(tokens))])
    writer.add_token_merges([" ".join(merge) for merge in model["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    writer.add_add_bos_token(False)


def notice(size: int) -> str:
    """What the repository's NOTICE says once the model ships in it."""
    return (
        f"- hone-base ({size:,} bytes), Apache-2.0: cut out of SmolLM2-135M-Instruct by Hugging Face (HuggingFaceTB),\n"
        "  Apache-2.0, and changed by training on permissively licensed packages; MODEL_CARD.md beside it names how, and\n"
        "  tools/base-model/packages.tsv every package with its licence.\n"
    )


def model_card(name: str, size: int, statistics: dict, vocabulary: dict, layers: dict, log: list[dict], reports: list[dict]) -> str:
    packages = read_manifest()
    trained_on, held_out = ([package for package in packages if package.set == kind] for kind in ("train", "held-out"))
    licences = Counter(package.licence for package in trained_on)
    last = next((line for line in reversed(log) if "held_out_loss" in line), None)
    state = (
        "**It is not trained yet and does not ship.** What the numbers below call hone-base are its starting weights, cut out "
        "of SmolLM2-135M-Instruct; they show that the way from weights to a suggestion works, not how good it will be."
        if last is None
        else f"Trained for {last['spent_s'] / 60:.0f} minutes, {last['tokens'] / 1e6:,.0f} M tokens; "
        f"loss on held-out rows {last['held_out_loss']} nats a token."
    )
    chosen = layers["choices"][layers["chosen"]]
    tried = "\n".join(f"| {choice} | {found['loss']:.2f} | {' '.join(map(str, found['kept']))} |" for choice, found in layers["choices"].items())
    languages = "\n".join(
        f"| {row['set']} | {row['language']} | {row['files']:,} | {row['characters'] / 1e6:,.1f} |" for row in statistics["languages"]
    )
    drops = ", ".join(f"{reason} {count:,}" for reason, count in statistics["dropped"].items())
    train_characters = sum(row["characters"] for row in statistics["languages"] if row["set"] == "train")
    ratios = vocabulary["tokens per character"]
    return f"""# {name}

<!-- Written by `recipe.py pack`. -->

A decoder of Llama's shape for code completion with fill-in-the-middle. {state}

- Made from SmolLM2-135M-Instruct (Hugging Face, Apache-2.0): {len(chosen['kept'])} of its 30 layers,
  {vocabulary['size']:,} of its 49,152 tokens. Apache-2.0 like it.
- In its GGUF file matrices have 4 bits a weight with a scale and a least value for each 32 (Q4_1), the embedding 5 (Q5_1):
  {size:,} bytes, of at most {largest:,}. Hone imports it into 8-bit weights.
- Prompt: `<repo_name>NAME`, then for each file `<file_sep>PATH` and a line end, then `<fim_prefix>` PREFIX `<fim_suffix>` SUFFIX
  `<fim_middle>`, or `<fim_prefix><fim_suffix>` SUFFIX `<fim_middle>` PREFIX. It ends a hole with `<|endoftext|>`.

## Data

{len(trained_on)} packages, each pinned by SHA-256 in `packages.tsv`: {train_characters / 1e6:,.0f} M characters, about
{vocabulary['train_tokens'] / 1e6:,.0f} M tokens. {len(held_out)} more are held out and only measured on: {', '.join(f'{package.name} {package.version}' for package in held_out)}.

| set | language | files | M characters |
|---|---|---|---|
{languages}

Left out, in files: {drops}. "HumanEval" would be files that share three long lines with it.

Licences that the packages declare: {', '.join(f'{licence} ({count})' for licence, count in licences.most_common())}.

## Vocabulary

Tokens a character on held-out files, beside the original's 49,152 tokens:

| | {' | '.join(ratios)} |
|---|{'---|' * len(ratios)}
| original | {' | '.join(f'{pair[0]:.3f}' for pair in ratios.values())} |
| trimmed | {' | '.join(f'{pair[1]:.3f}' for pair in ratios.values())} |

## Layers

Nats a token before any training, over {layers['tokens']:,} tokens of the corpus: {layers['whole']:.2f} with all 30 layers;
"{layers['chosen']}" was chosen.

| choice | nats a token | layers kept |
|---|---|---|
{tried}

## Numbers

Greedy answers, at most {answer_tokens} tokens a line, from at most {prefix_tokens} tokens of prefix, under repository and path. A model with marks of
fill-in-the-middle is also told {suffix_tokens} tokens of suffix, first; one without (SmolLM2) has no form for it and is told the
prefix alone. HumanEval (openai/human-eval-infilling, MIT) is a sample of its single lines, right when its tests pass;
holes in held-out packages are right when the text is the one written, to the letter, one line or, for "lines", two to four.
"In Hone" is `hone eval fim --sources model` on the same holes: Hone's own pipeline and prompt, with the graph as imported. In
brackets 95 % intervals, behind them how many were asked; bits a character are over the beginnings of as many files.

{table(reports) if reports else "None were measured."}

## Limits

It completes code; it answers no questions and follows no instructions. It knows the habits of popular open-source
packages best, and may repeat short pieces of them. What it writes can be wrong or insecure. It is shown no natural
language but comments and Markdown, mostly English. No test of bias or of memorised text was made, beyond leaving out files
that hold a secret, and secrets are found by the spelling of known kinds only. Files are judged by the licence of their
package and by what their own heads say. Samples are small where intervals are wide.
"""

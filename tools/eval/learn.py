"""
The twin of tools/eval/learn.ts: the same rows in the same order, from the same weights and the same
fresh adapter, trained by PyTorch and peft. FOLDER holds what learn.ts wrote; the adapter goes into
FOLDER/torch, losses and the loss on what is held out into FOLDER/torch.json.

    VENV/bin/python tools/eval/learn.py FOLDER
"""

import json
import os
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"
# Threads that wait for each other by spinning stand still on a machine that is busy.
os.environ["OMP_WAIT_POLICY"] = "passive"

import torch  # noqa: E402
from peft import PeftModel  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402

folder = sys.argv[1]
with open(os.path.join(folder, "plan.json")) as file:
    plan = json.load(file)
torch.set_num_threads(plan["threads"])
base = AutoModelForCausalLM.from_pretrained(os.path.join(folder, "base"), dtype=torch.float32)
model = PeftModel.from_pretrained(base, os.path.join(folder, "start"), is_trainable=True)
parameters = [p for p in model.parameters() if p.requires_grad]
optimizer = torch.optim.AdamW(parameters, weight_decay=plan["weightDecay"])


def surprise(sequence):
    """Minus the log probability of the completion, in nats."""
    ids, start = torch.tensor([sequence["ids"]]), sequence["start"]
    wanted = ids[0, start:]
    # The head sees the completion alone.
    logits = model(ids, logits_to_keep=len(wanted) + 1).logits[0, :-1]
    return torch.nn.functional.cross_entropy(logits, wanted, reduction="sum")


def held_out():
    model.eval()
    with torch.no_grad():
        return [surprise(cut).item() / (len(cut["ids"]) - cut["start"]) for cut in plan["cuts"]]


def train():
    model.train()
    losses = []
    for step in plan["steps"]:
        optimizer.param_groups[0]["lr"] = step["learningRate"]
        rows = [plan["examples"][row] for row in step["rows"]]
        tokens = sum(len(row["ids"]) - row["start"] for row in rows)
        optimizer.zero_grad()
        loss = 0.0
        for row in rows:
            part = surprise(row) / tokens
            part.backward()
            loss += part.item()
        torch.nn.utils.clip_grad_norm_(parameters, plan["maxGradientNorm"])
        optimizer.step()
        losses.append(loss)
        print(f"PyTorch: step {len(losses)} of {len(plan['steps'])}, loss {loss:.3f}", file=sys.stderr)
    return losses


started = time.perf_counter()
losses = train()
minutes = (time.perf_counter() - started) / 60
tuned = held_out()
model.save_pretrained(os.path.join(folder, "torch"), save_embedding_layers=False)
with open(os.path.join(folder, "torch.json"), "w") as file:
    json.dump({"losses": losses, "minutes": minutes, "tuned": tuned}, file)

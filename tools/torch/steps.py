"""
PyTorch's half of tools/torch/steps.ts: one step of each loss (test/fixtures/training/losses.py) on the
model in FOLDER/base with the adapter in FOLDER/adapter, in float32 and in float64. Gradients go into
FOLDER/METHOD.PRECISION.safetensors, losses into FOLDER/told.json.
"""

import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
# Threads that wait for each other by spinning stand still on a machine that is busy.
os.environ["OMP_WAIT_POLICY"] = "passive"
fixtures = os.path.join(os.path.dirname(__file__), "../../test/fixtures/training")

import torch  # noqa: E402
from peft import PeftModel  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402

# peft.py in that folder shares its name with the library, which has been found by now.
sys.path.append(fixtures)
from losses import dpo, kto, sft  # noqa: E402

folder = sys.argv[1]
with open(os.path.join(folder, "asked.json")) as file:
    asked = json.load(file)
chosen, rejected, unpaired = (
    [(row["ids"], row["start"]) for row in asked[name]] for name in ("chosen", "rejected", "unpaired")
)
beta, weights = asked["beta"], asked["weights"]
preference = dict(beta=beta, smoothing=asked["labelSmoothing"], likelihood=asked["likelihood"])
losses = {
    "sft": lambda model: sft(model, chosen, weights),
    "dpo": lambda model: dpo(model, chosen, rejected, weights, **preference),
    "kto": lambda model: kto(model, list(zip(unpaired, asked["liked"])), beta=beta)[0],
}


def steps(precision, dtype):
    base = AutoModelForCausalLM.from_pretrained(os.path.join(folder, "base"), dtype=dtype)
    adapter = os.path.join(folder, "adapter")
    model = PeftModel.from_pretrained(base, adapter, is_trainable=True).to(dtype)
    told = {}
    for method, loss_of in losses.items():
        model.zero_grad()
        loss = loss_of(model)
        loss.backward()
        told[method] = loss.item()
        gradients = {
            name.replace(".default", ""): parameter.grad.float().contiguous()
            for name, parameter in model.named_parameters()
            if parameter.requires_grad
        }
        save_file(gradients, os.path.join(folder, f"{method}.{precision}.safetensors"))
    return told


told = {"float32": steps("float32", torch.float32), "float64": steps("float64", torch.float64)}
with open(os.path.join(folder, "told.json"), "w") as file:
    json.dump(told, file)

"""
PyTorch's half of tools/torch/steps.ts: one step of each loss (test/fixtures/training/losses.py) in
float64 on the model in FOLDER/base with the adapter in FOLDER/adapter. Gradients go into
FOLDER/METHOD.safetensors, losses into FOLDER/told.json.
"""

import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
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
base = AutoModelForCausalLM.from_pretrained(os.path.join(folder, "base"), dtype=torch.float64)
model = PeftModel.from_pretrained(base, os.path.join(folder, "adapter"), is_trainable=True).double()
chosen, rejected, unpaired = (
    [(row["ids"], row["start"]) for row in asked[name]] for name in ("chosen", "rejected", "unpaired")
)
beta, weights = asked["beta"], asked["weights"]
preference = dict(beta=beta, smoothing=asked["labelSmoothing"], likelihood=asked["likelihood"])
losses = {
    "sft": lambda: sft(model, chosen, weights),
    "dpo": lambda: dpo(model, chosen, rejected, weights, **preference),
    "kto": lambda: kto(model, list(zip(unpaired, asked["liked"])), beta=beta)[0],
}
told = {}
for method, loss_of in losses.items():
    model.zero_grad()
    loss = loss_of()
    loss.backward()
    told[method] = loss.item()
    save_file(
        {
            name.replace(".default", ""): parameter.grad.float().contiguous()
            for name, parameter in model.named_parameters()
            if parameter.requires_grad
        },
        os.path.join(folder, f"{method}.safetensors"),
    )
with open(os.path.join(folder, "told.json"), "w") as file:
    json.dump(told, file)
